/** @file Writing HDF5 files of the kind that Caffe writes: groups, arrays of floats, single values. */
import { renameSync, rmSync } from "node:fs";
import { type Shape, count } from "../../core/shape.ts";
import { ModelFileError } from "../../errors.ts";
import { replaceFile, temporaryBeside } from "../atomic-write.ts";
import { Hdf5Failure, type Hdf5Library, loadHdf5 } from "./library.ts";
import type { Hdf5Creation } from "./module.ts";
import { slabs } from "./slabs.ts";

const WRITE_BYTES = 4 * 2 ** 20;
const FLOAT_BYTES = 4;
const NOTHING = 0n;
/** HDF5's `H5S_UNLIMITED`. */
const UNLIMITED = 2n ** 64n - 1n;

const FLOAT32 = { type: 1, size: FLOAT_BYTES, signed: true, vlen: false };
const INT32 = { type: 0, size: 4, signed: true, vlen: false };

/**
 * Writes a new HDF5 file; it appears whole or not at all.
 * @throws ModelFileError when it cannot be written; an error of `write`'s own passes unchanged
 */
export async function writeHdf5(path: string, write: (file: Hdf5Writer) => void): Promise<void> {
  const library = await loadHdf5();
  await replaceFile(path, (_, temporary) => withWriter(library, temporary, "create", path, write));
}

/** As `writeHdf5`, at once, and without waiting for the disk. */
export function writeHdf5Sync(
  library: Hdf5Library,
  path: string,
  write: (file: Hdf5Writer) => void,
): void {
  const temporary = temporaryBeside(path);
  try {
    withWriter(library, temporary, "create", path, write);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/**
 * Adds to an HDF5 file where it lies: a process that dies meanwhile may leave it damaged.
 * @throws ModelFileError as `writeHdf5`
 */
export function appendHdf5(
  library: Hdf5Library,
  path: string,
  write: (file: Hdf5Writer) => void,
): void {
  withWriter(library, path, "append", path, write);
}

function withWriter(
  library: Hdf5Library,
  path: string,
  mode: "create" | "append",
  name: string,
  write: (file: Hdf5Writer) => void,
): void {
  try {
    library.withFile(path, mode, (file) => write(new Hdf5Writer(library, file)));
  } catch (error) {
    if (!(error instanceof Hdf5Failure)) throw error;
    throw new ModelFileError(`${name}: cannot be written: ${error.message}`, { cause: error });
  }
}

/** A file that is open for writing. Paths inside it start with "/". */
export class Hdf5Writer {
  readonly #library: Hdf5Library;
  readonly #file: bigint;

  constructor(library: Hdf5Library, file: bigint) {
    this.#library = library;
    this.#file = file;
  }

  group(path: string): void {
    this.#library.call((module) => module.create_group(this.#file, path, false));
  }

  /** An array of float32 (HDF5's `H5LTmake_dataset_float`). */
  floats(path: string, shape: Shape, values: Float32Array): void {
    const creation = creationOf(FLOAT32, shape);
    if (values.byteLength <= WRITE_BYTES) {
      this.#create(path, creation, values);
      return;
    }
    // The whole array need not fit into the library's memory: created without a value, which the
    // library calls an error, it is then filled piece by piece.
    this.#library.callIgnoringErrors((module) =>
      module.create_dataset(this.#file, path, NOTHING, creation),
    );
    this.#fill(
      path,
      shape,
      shape.map(() => 0),
      values,
    );
  }

  /** An array that can grow along its first axis, in chunks of so many rows. */
  growingFloats(path: string, shape: Shape, rows: number): void {
    const chunks = [
      BigInt(Math.max(1, rows)),
      ...shape.slice(1).map((n) => BigInt(Math.max(1, n))),
    ];
    const none = [0, ...shape.slice(1)];
    const maxshape = [UNLIMITED, ...shape.slice(1).map(BigInt)];
    this.#create(path, { ...creationOf(FLOAT32, none), maxshape, chunks }, new Float32Array(0));
  }

  /** Adds rows to an array that can grow and has `rows` now. */
  append(path: string, rows: number, shape: Shape, values: Float32Array): void {
    const [added = 0, ...inner] = shape;
    const grown = [rows + added, ...inner].map(BigInt);
    this.#library.call((module) => module.resize_dataset(this.#file, path, grown));
    this.#fill(path, shape, [rows, ...inner.map(() => 0)], values);
  }

  /** An array of one int32 (Caffe's `hdf5_save_int`). */
  integer(path: string, value: number): void {
    this.#create(path, creationOf(INT32, [1]), Int32Array.of(value));
  }

  /** A string with a zero byte at its end (HDF5's `H5LTmake_dataset_string`). */
  string(path: string, text: string): void {
    const bytes = Buffer.from(`${text}\0`);
    const type = { type: 3, size: bytes.length, signed: false, vlen: false, cset: 0 };
    this.#create(path, creationOf(type, []), bytes);
  }

  #create(path: string, creation: Hdf5Creation, values: ArrayBufferView): void {
    this.#library.withMemory(values.byteLength, (pointer) => {
      this.#put(pointer, values);
      this.#library.call((module) =>
        module.create_dataset(this.#file, path, BigInt(pointer), creation),
      );
    });
  }

  /** Writes values into an array, the first at index `first`. */
  #fill(path: string, shape: Shape, first: Shape, values: Float32Array): void {
    if (values.length === 0) return;
    const strides = shape.map(() => 1n);
    this.#library.withMemory(Math.min(WRITE_BYTES, values.byteLength), (pointer) => {
      for (const slab of slabs(shape, WRITE_BYTES / FLOAT_BYTES)) {
        this.#put(pointer, values.subarray(slab.start, slab.start + count(slab.shape)));
        const size = slab.shape.map(BigInt);
        const offset = slab.offset.map((index, axis) => BigInt(index + first[axis]!));
        this.#library.call((module) =>
          module.set_dataset_data(this.#file, path, size, offset, strides, BigInt(pointer)),
        );
      }
    });
  }

  #put(pointer: number, values: ArrayBufferView): void {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.#library.bytes(pointer, bytes.length).set(bytes);
  }
}

function creationOf(type: Omit<Hdf5Creation, "shape" | "maxshape" | "chunks">, shape: Shape) {
  const sizes = shape.map(BigInt);
  return { ...type, shape: sizes, maxshape: sizes, chunks: null };
}
