/** @file What cortado uses of h5wasm's compiled HDF5 library, and loading it. */

type Sizes = readonly bigint[];

/** A type and a shape, as the library tells them. */
export interface Hdf5Metadata {
  /** HDF5's number of the class: 0 integers, 1 floats, 3 strings, ... */
  readonly type: number;
  /** Bytes of one value. */
  readonly size: number;
  readonly signed: boolean;
  /** Variable length, of strings. */
  readonly vlen: boolean;
  /** null: a dataset that says that it is empty. */
  readonly shape: readonly number[] | null;
  readonly chunks: readonly number[] | null;
}

/** What a dataset is created with. */
export interface Hdf5Creation {
  readonly type: number;
  readonly size: number;
  readonly signed: boolean;
  readonly vlen: boolean;
  /** Character set of strings: 0 ASCII, 1 UTF-8. */
  readonly cset?: number;
  readonly shape: Sizes;
  readonly maxshape: Sizes;
  readonly chunks: Sizes | null;
}

interface FileStream {
  readonly fd: number;
  /** The number of the open file in Node. */
  readonly nfd: number;
}

/** Emscripten's file system, whose calls go to Node's. */
interface FileSystem {
  open(path: string, flags: number, mode?: number): FileStream;
  close(stream: FileStream): void;
  write(
    stream: FileStream,
    bytes: Int8Array,
    offset: number,
    length: number,
    position?: number,
  ): number;
  readonly ErrnoError: new (errno: number) => Error;
}

/** Moves values between a dataset and the instance's memory at `pointer`. @returns below 0 on failure */
type Transfer = (
  file: bigint,
  path: string,
  count: Sizes | null,
  offset: Sizes | null,
  strides: Sizes | null,
  pointer: bigint,
) => number;

/** The functions of one instance of the library. All are synchronous; paths are absolute in the file. */
export interface Hdf5Module {
  /** A view of the instance's memory, a new one whenever that grows. */
  readonly HEAPU8: Uint8Array;
  readonly FS: FileSystem;
  readonly H5F_ACC_RDONLY: number;
  readonly H5F_ACC_RDWR: number;
  readonly H5F_ACC_TRUNC: number;
  readonly H5F_LIBVER_EARLIEST: number;
  readonly H5F_LIBVER_V18: number;
  readonly H5F_LIBVER_LATEST: number;
  readonly H5G_GROUP: number;
  readonly H5G_DATASET: number;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  open(path: string, mode: number, trackOrder: boolean, low: number, high: number): bigint;
  close_file(file: bigint): number;
  get_names(file: bigint, path: string, recursive: boolean): string[];
  get_type(file: bigint, path: string): number;
  get_dataset_metadata(file: bigint, path: string): Hdf5Metadata;
  get_dataset_data: Transfer;
  set_dataset_data: Transfer;
  resize_dataset(file: bigint, path: string, shape: Sizes): number;
  create_dataset(file: bigint, path: string, pointer: bigint, metadata: Hdf5Creation): number;
  create_group(file: bigint, path: string, trackOrder: boolean): number;
}

type Factory = (options: object) => Promise<Hdf5Module>;

/**
 * Makes a new instance of the library. `h5wasm/node` itself makes one for the whole process, which
 * prints to the terminal and can never be replaced; so its factory, beside it, is called here.
 * @param print takes what the library would print
 * @param mayGrow whether the instance's memory may have so many bytes
 */
export async function instantiateHdf5(
  print: (text: string) => void,
  mayGrow: (bytes: number) => boolean,
): Promise<Hdf5Module> {
  const factory = new URL("./hdf5_util.js", import.meta.resolve("h5wasm/node"));
  const { default: create } = (await import(factory.href)) as { readonly default: Factory };
  return withGrowthLimit(mayGrow, () => create({ noInitialRun: true, print, printErr: print }));
}

/**
 * A compressed chunk of a megabyte can unpack to gigabytes, and the library tries. No option of its
 * build limits that: the function by which it asks for memory is replaced as it is instantiated.
 */
async function withGrowthLimit<T>(
  mayGrow: (bytes: number) => boolean,
  act: () => Promise<T>,
): Promise<T> {
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = (bytes, imports) => {
    const grow = imports?.env?.emscripten_resize_heap;
    if (typeof grow === "function") {
      imports!.env!.emscripten_resize_heap = (size: number) => mayGrow(size >>> 0) && grow(size);
    }
    return instantiate(bytes, imports);
  };
  try {
    return await act();
  } finally {
    WebAssembly.instantiate = instantiate;
  }
}
