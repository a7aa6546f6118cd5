/** @file Endless reading of the rows of a list of HDF5 files, with a place that can be saved. */
import type { CRandom, CRandomState } from "../core/c-random.ts";
import { type Shape, count, sameShape } from "../core/shape.ts";
import { DataSourceError, ModelFileError } from "../errors.ts";
import {
  type Hdf5Array,
  type Hdf5Library,
  type Hdf5Reader,
  readHdf5,
} from "../model-file/index.ts";

/** What is read, and in which order. */
export interface Hdf5RowsOptions {
  readonly files: readonly Hdf5Source[];
  /** Names of the datasets, which all have as many rows; a row is what the first axis counts. */
  readonly datasets: readonly string[];
  /** Where files and rows are shuffled: what their orders are drawn from. */
  readonly shuffle: CRandom | undefined;
  /** Told the class of each dataset that is read, such as "H5T_FLOAT". */
  readonly onClass: (className: string) => void;
}

export interface Hdf5Source {
  /** As the list has it, for errors. */
  readonly name: string;
  readonly path: string;
}

/** Where reading stands; JSON. */
export interface Hdf5RowsPosition {
  /** How many files of the order were read before this one. */
  readonly file: number;
  /** How many rows of the order were read of it. */
  readonly row: number;
  readonly order?: {
    readonly files: readonly number[];
    /** Numbers of 32 bits in base64. */
    readonly rows: string;
    readonly random: CRandomState;
  };
}

/**
 * Stands on the next row to read. One file at a time is in memory, as a whole, and the next one is
 * read when its last row was. (BVLC HDF5DataLayer)
 */
export class Hdf5Rows {
  readonly #options: Hdf5RowsOptions;
  #library: Hdf5Library;
  /** Numbers of the files in the order of reading. */
  readonly #fileOrder: Uint32Array;
  #rowOrder: Uint32Array = new Uint32Array(0);
  #file = 0;
  #row = 0;
  #values: readonly Float32Array[] = [];
  #rowShapes: readonly Shape[] | undefined;

  /** @throws DataSourceError when the first file cannot be read */
  constructor(library: Hdf5Library, options: Hdf5RowsOptions) {
    this.#library = library;
    this.#options = options;
    this.#fileOrder = Uint32Array.from(options.files.keys());
    options.shuffle?.shuffle(this.#fileOrder);
    this.#load();
    options.shuffle?.shuffle(this.#rowOrder);
  }

  /** The library that reads the next file; the one of before may have been given up. */
  set library(library: Hdf5Library) {
    this.#library = library;
  }

  /** Shapes of one row of each dataset: theirs without the first axis. */
  get rowShapes(): readonly Shape[] {
    return this.#rowShapes!;
  }

  /**
   * Copies the next `rows` rows of all datasets, each to its target, and goes on behind them.
   * @throws DataSourceError when a file cannot be read
   */
  read(rows: number, targets: readonly Float32Array[]): void {
    for (let done = 0; done < rows; ) {
      const run = this.#runLength(rows - done);
      const from = this.#rowOrder[this.#row]!;
      this.#values.forEach((values, i) => {
        const size = values.length / this.#rowOrder.length;
        targets[i]!.set(values.subarray(from * size, (from + run) * size), done * size);
      });
      done += run;
      this.#advance(run);
    }
  }

  get position(): Hdf5RowsPosition {
    const { shuffle } = this.#options;
    const place = { file: this.#file, row: this.#row };
    if (!shuffle) return place;
    const { buffer, byteOffset, byteLength } = this.#rowOrder;
    const rows = Buffer.from(buffer, byteOffset, byteLength).toString("base64");
    return { ...place, order: { files: [...this.#fileOrder], rows, random: shuffle.state() } };
  }

  /** @throws DataSourceError when the files have changed since, or anything else was saved */
  moveTo({ file, row, order }: Partial<Hdf5RowsPosition>): void {
    const { shuffle, files } = this.#options;
    const fits =
      isIndex(file, files.length) &&
      (order === undefined) === (shuffle === undefined) &&
      (order === undefined || isOrder(order.files, files.length));
    if (!fits) {
      throw new DataSourceError("the saved position is not one in this list of HDF5 files");
    }
    if (order) {
      shuffle!.restore(order.random);
      this.#fileOrder.set(order.files);
    }
    this.#file = file;
    this.#load();
    const rows = order ? orderOf(order.rows) : this.#rowOrder;
    if (!isIndex(row, this.#rowOrder.length) || !isOrder(rows, this.#rowOrder.length)) {
      const { name } = this.#source;
      this.#file = 0;
      this.#load();
      throw new DataSourceError(
        `${name}: has other rows than where reading stopped; it was changed since`,
      );
    }
    this.#rowOrder = rows;
    this.#row = row;
  }

  get #source(): Hdf5Source {
    return this.#options.files[this.#fileOrder[this.#file]!]!;
  }

  /** How many of the next rows lie one behind the other in memory. */
  #runLength(wanted: number): number {
    return this.#options.shuffle ? 1 : Math.min(wanted, this.#rowOrder.length - this.#row);
  }

  #advance(rows: number): void {
    this.#row += rows;
    if (this.#row < this.#rowOrder.length) return;
    const { files, shuffle } = this.#options;
    if (files.length > 1) {
      this.#file = (this.#file + 1) % files.length;
      if (this.#file === 0) shuffle?.shuffle(this.#fileOrder);
      this.#load();
      shuffle?.shuffle(this.#rowOrder);
    }
    this.#row = 0;
    // Caffe shuffles the rows of a new file twice.
    shuffle?.shuffle(this.#rowOrder);
  }

  /** Reads the file that is the turn of, with its rows in their own order. */
  #load(): void {
    const { name, path } = this.#source;
    this.#values = []; // two files need not fit into memory
    const read = (file: Hdf5Reader) => {
      const arrays = this.#options.datasets.map((dataset) => arrayOf(file, dataset));
      const rows = this.#checkShapes(name, arrays);
      return { rows, values: arrays.map((array) => file.floats(array)) };
    };
    try {
      const opening = `Failed opening HDF5 file: ${name}`;
      const { rows, values } = readHdf5(this.#library, path, opening, read, name);
      this.#values = values;
      this.#rowOrder = new Uint32Array(rows).map((_, i) => i);
      this.#row = 0;
    } catch (cause) {
      if (!(cause instanceof ModelFileError)) throw cause;
      throw new DataSourceError(cause.message, { cause });
    }
  }

  /** @returns the number of rows */
  #checkShapes(name: string, arrays: readonly Hdf5Array[]): number {
    const { datasets, onClass } = this.#options;
    for (const { className } of arrays) onClass(className);
    const [rows] = arrays[0]!.shape;
    arrays.forEach(({ shape }, i) => {
      const what = `${name}: dataset ${datasets[i]}`;
      if (shape.length === 0) {
        throw new DataSourceError(`Input must have at least 1 axis: ${what} has none`);
      }
      if (shape[0] !== rows) {
        throw new DataSourceError(
          `${what} has ${shape[0]} rows, ${datasets[0]} has ${rows}; each row of one belongs to a row of the other`,
        );
      }
      if (rows === 0) throw new DataSourceError(`${what} has no rows`);
      const first = this.#rowShapes?.[i];
      if (first && !sameShape(first, shape.slice(1))) {
        throw new DataSourceError(
          `${what} has rows of ${text(shape.slice(1))}, the files before had rows of ${text(first)}`,
        );
      }
    });
    this.#rowShapes ??= arrays.map(({ shape }) => shape.slice(1));
    return rows!;
  }
}

function arrayOf(file: Hdf5Reader, name: string): Hdf5Array {
  const path = `/${name}`;
  if (file.kind(path) === "dataset") return file.array(path, name);
  const names = file.names("/").slice(0, 20).join(", ");
  throw new ModelFileError(
    `Failed to find HDF5 dataset ${name}: ${file.name} has ${names || "nothing"}; each top is named like its dataset`,
  );
}

function isIndex(value: unknown, length: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < length;
}

/** Whether the values are 0 .. length - 1 in some order. */
function isOrder(values: ArrayLike<number>, length: number): boolean {
  if (values?.length !== length) return false;
  const seen = new Uint8Array(length);
  for (let i = 0; i < length; i++) if (isIndex(values[i], length)) seen[values[i]!] = 1;
  return seen.every((times) => times === 1);
}

function orderOf(base64: unknown): Uint32Array {
  const bytes = new Uint8Array(Buffer.from(String(base64), "base64"));
  return new Uint32Array(bytes.buffer, 0, bytes.length >> 2);
}

const text = (shape: Shape) => shape.join(" x ") || `${count(shape)} value`;
