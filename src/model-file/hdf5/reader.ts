/** @file Reading an HDF5 file: groups, arrays of numbers as float32, single values. */
import { closeSync, fstatSync, openSync } from "node:fs";
import { totalmem } from "node:os";
import { type Shape, count } from "../../core/shape.ts";
import { ModelFileError } from "../../errors.ts";
import { systemCode, systemReason } from "../atomic-write.ts";
import { Hdf5Failure, type Hdf5Library } from "./library.ts";
import type { Hdf5Metadata } from "./module.ts";
import { isHdf5File } from "./signature.ts";
import { type Slab, slabs } from "./slabs.ts";
import { type StoredNumber, converterOf } from "./to-floats.ts";

const INT_MAX = 2 ** 31 - 1;
/** What is read at once; chunks that are larger are read whole up to the second limit. */
const READ_BYTES = 4 * 2 ** 20;
const MAX_CHUNK_BYTES = 2 ** 28;
/** How often the library may hold a chunk at once: stored, unpacked (into a buffer that doubles), in order. */
const CHUNK_COPIES = 6;
/** The most that deflate packs into a byte, and what any file may need. */
const MAX_PACKED = 1032;
const SMALL_BYTES = 64 * 2 ** 20;
const MAX_STRING_BYTES = 2 ** 16;

const CLASSES = [
  "H5T_INTEGER",
  "H5T_FLOAT",
  "H5T_TIME",
  "H5T_STRING",
  "H5T_BITFIELD",
  "H5T_OPAQUE",
  "H5T_COMPOUND",
  "H5T_REFERENCE",
  "H5T_ENUM",
  "H5T_VLEN",
  "H5T_ARRAY",
];
const INTEGER = 0;
const FLOAT = 1;
const STRING = 3;

/** An array of numbers in a file, checked but not read yet. */
export interface Hdf5Array {
  readonly path: string;
  readonly shape: Shape;
  /** As Caffe logs it: "H5T_FLOAT" or "H5T_INTEGER". */
  readonly className: string;
  readonly stored: StoredNumber;
  readonly chunks: Shape | null;
}

/**
 * Opens an HDF5 file for the time of `read`.
 * @param opening what Caffe says of a file that cannot be opened: "Couldn't open x.caffemodel.h5"
 * @param name what errors call the file
 * @throws ModelFileError in one line for a file that is missing, of another kind, damaged or cut off
 */
export function readHdf5<T>(
  library: Hdf5Library,
  path: string,
  opening: string,
  read: (file: Hdf5Reader) => T,
  name = path,
): T {
  const bytes = sizeOf(path, opening);
  if (!isHdf5File(path)) throw new ModelFileError(`${opening}: it is not an HDF5 file`);
  let isOpen = false;
  try {
    return library.withFile(path, "read", (file) => {
      isOpen = true;
      return read(new Hdf5Reader(library, file, name, bytes));
    });
  } catch (error) {
    if (!(error instanceof Hdf5Failure)) throw error;
    const what = isOpen ? `${name}: cannot be read` : opening;
    throw new ModelFileError(`${what}: ${error.message}${consequence(error.message)}`, {
      cause: error,
    });
  }
}

/** What to make of the library's reason. */
function consequence(reason: string): string {
  if (reason.includes("not followed")) return "";
  if (reason.startsWith("required filter")) {
    return "; store it compressed with gzip, or not at all";
  }
  return "; the file is damaged or incomplete";
}

function sizeOf(path: string, opening: string): number {
  try {
    const file = openSync(path, "r");
    try {
      const status = fstatSync(file);
      if (!status.isFile()) throw new ModelFileError(`${opening}: it is no file`);
      if (status.size === 0) throw new ModelFileError(`${opening}: the file is empty (0 bytes)`);
      return status.size;
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    if (cause instanceof ModelFileError) throw cause;
    const reason = systemCode(cause) === "ENOENT" ? "there is no such file" : systemReason(cause);
    throw new ModelFileError(`${opening}: ${reason}`, { cause });
  }
}

/** An open file. Paths inside it start with "/". */
export class Hdf5Reader {
  /** Of the file, for errors. */
  readonly name: string;
  readonly #library: Hdf5Library;
  readonly #file: bigint;
  readonly #bytes: number;

  constructor(library: Hdf5Library, file: bigint, name: string, bytes: number) {
    this.#library = library;
    this.#file = file;
    this.name = name;
    this.#bytes = bytes;
  }

  /** What a path leads to, through links inside the file too. */
  kind(path: string): "group" | "dataset" | "other" | undefined {
    return this.#library.call((module) => {
      const type = module.get_type(this.#file, path);
      if (type === module.H5G_GROUP) return "group";
      if (type === module.H5G_DATASET) return "dataset";
      return type < 0 ? undefined : "other";
    });
  }

  /** The names in a group, sorted. */
  names(group: string): string[] {
    return this.#library.call((module) => module.get_names(this.#file, group, false)).sort();
  }

  /**
   * What is known of an array before it is read.
   * @param name what errors call it
   * @throws ModelFileError when its values are no numbers, or more than the file can hold
   */
  array(path: string, name: string): Hdf5Array {
    const metadata = this.#metadata(path);
    const { type, size, signed, shape, chunks } = metadata;
    const className = CLASSES[type] ?? "unknown";
    if (type !== INTEGER && type !== FLOAT) {
      throw new ModelFileError(
        `Unsupported datatype class: ${className}: ${this.name}: dataset ${name} must hold floats or integers`,
      );
    }
    const stored = { kind: type === FLOAT ? "float" : "integer", size, signed } as const;
    if (!converterOf(stored)) {
      this.#fail(`dataset ${name} holds ${stored.kind}s of ${size} bytes; store it as float32`);
    }
    if (shape === null) return this.#fail(`dataset ${name} is empty: it has no shape`);
    this.#checkSize(shape, size, chunks, name);
    return { path, shape, className, stored, chunks };
  }

  /** Reads an array, converted to float32. */
  floats({ path, shape, stored, chunks }: Hdf5Array): Float32Array {
    const values = this.#allocate(shape);
    const convert = converterOf(stored)!;
    const { size } = stored;
    const limit = this.#valuesAtOnce(shape, size, chunks);
    const bytes = Math.min(limit, values.length) * size;
    const readAll = (pointer: number) => {
      for (const slab of slabs(shape, limit, chunks?.[0])) {
        const length = count(slab.shape);
        if (length === 0) continue;
        this.#read(path, slab, pointer);
        const target = values.subarray(slab.start, slab.start + length);
        convert(this.#library.bytes(pointer, length * size), target);
      }
    };
    const chunkBytes = chunks ? count(chunks) * size : 0;
    this.#library.withMoreMemory(bytes + CHUNK_COPIES * chunkBytes, () =>
      this.#library.withMemory(bytes, readAll),
    );
    return values;
  }

  /** Reads the first value of an array of integers, as Caffe's `hdf5_load_int` does. */
  integer(path: string, name: string): number {
    if (this.kind(path) !== "dataset") {
      throw new ModelFileError(
        `Failed to load int dataset with name ${name}: ${this.name} has none`,
      );
    }
    const array = this.array(path, name);
    if (count(array.shape) !== 1) {
      this.#fail(`dataset ${name} has ${count(array.shape)} values; one is needed`);
    }
    // An iteration above 2^24 has no float32: the bytes are read as they are.
    return this.#library.withMemory(8, (pointer) => {
      this.#read(array.path, undefined, pointer);
      const bytes = Buffer.from(this.#library.bytes(pointer, 8));
      const { kind, size } = array.stored;
      if (kind === "float") return size === 4 ? bytes.readFloatLE() : bytes.readDoubleLE();
      return size === 8 ? Number(bytes.readBigInt64LE()) : bytes.readIntLE(0, size);
    });
  }

  /** Reads a string of fixed length, up to its first zero byte. */
  string(path: string, name: string): string {
    const { type, size, vlen, shape } = this.#metadata(path);
    if (type !== STRING || vlen || shape === null || count(shape) !== 1) {
      this.#fail(`dataset ${name} is not one string of fixed length`);
    }
    if (size > MAX_STRING_BYTES) this.#fail(`dataset ${name} is a string of ${size} bytes`);
    return this.#library.withMemory(size, (pointer) => {
      this.#read(path, undefined, pointer);
      const bytes = Buffer.from(this.#library.bytes(pointer, size));
      const end = bytes.indexOf(0);
      return bytes.toString("utf8", 0, end < 0 ? size : end).trimEnd();
    });
  }

  #metadata(path: string): Hdf5Metadata {
    return this.#library.call((module) => module.get_dataset_metadata(this.#file, path));
  }

  /** @param slab undefined or without axes: all */
  #read(path: string, slab: Pick<Slab, "offset" | "shape"> | undefined, pointer: number): void {
    const part = slab?.shape.length ? slab : undefined;
    const size = part?.shape.map(BigInt) ?? null;
    const offset = part?.offset.map(BigInt) ?? null;
    const strides = part?.shape.map(() => 1n) ?? null;
    this.#library.call((module) =>
      module.get_dataset_data(this.#file, path, size, offset, strides, BigInt(pointer)),
    );
  }

  /** Whole chunks where they are not too large: a chunk that is cut is unpacked once a cut. */
  #valuesAtOnce(shape: Shape, size: number, chunks: Shape | null): number {
    const rowBytes = count(shape, 1) * size;
    const chunkBytes = (chunks?.[0] ?? 1) * rowBytes;
    const bytes = chunkBytes <= MAX_CHUNK_BYTES ? Math.max(READ_BYTES, chunkBytes) : READ_BYTES;
    return Math.floor(bytes / size);
  }

  /** Sizes come from a file that may be damaged or of a stranger: nothing is reserved before. */
  #checkSize(shape: Shape, size: number, chunks: Shape | null, name: string): void {
    const values = count(shape);
    const isSound = shape.every((length) => Number.isSafeInteger(length) && length >= 0);
    const text = shape.join(" x ");
    if (!isSound || values > INT_MAX) {
      throw new ModelFileError(
        `blob size exceeds INT_MAX: ${this.name}: dataset ${name} is of ${text}`,
      );
    }
    if (values * size > Math.max(SMALL_BYTES, MAX_PACKED * this.#bytes)) {
      this.#fail(
        `dataset ${name} is of ${text}, more than a file of ${this.#bytes} bytes can hold; it is damaged`,
      );
    }
    if (chunks && count(chunks) * size > MAX_CHUNK_BYTES && count(chunks) > values) {
      this.#fail(`dataset ${name} has chunks of ${chunks.join(" x ")}; it is damaged`);
    }
    const needed = 4 * values;
    if (needed > totalmem()) {
      const [has, needs] = [totalmem(), needed].map((b) => `${Math.ceil(b / 2 ** 20)} MiB`);
      this.#fail(`dataset ${name} needs ${needs} of memory; this machine has ${has}`);
    }
  }

  #allocate(shape: Shape): Float32Array {
    try {
      return new Float32Array(count(shape));
    } catch {
      return this.#fail(`there is no memory for ${4 * count(shape)} bytes`);
    }
  }

  #fail(problem: string): never {
    throw new ModelFileError(`${this.name}: ${problem}`);
  }
}
