/** @file Calls of the HDF5 library that end in a result or in one error, whatever the file holds. */
import { closeSync } from "node:fs";
import { resolve } from "node:path";
import { type Hdf5Module, instantiateHdf5 } from "./module.ts";

/** An instance whose memory has grown beyond this is not used again: it can never shrink. */
const KEPT_BYTES = 256 * 2 ** 20;
/** Memory for the library's own tables and the pieces that are read and written. */
const OWN_BYTES = 128 * 2 ** 20;
const STANDARD_ERROR = 2;
/** Emscripten's numbers for "permission denied" and of the flag that opens a folder. */
const EACCES = 2;
const O_DIRECTORY = 0x10000;

/** Why the library could not do what it was asked to; the caller knows the file. */
export class Hdf5Failure extends Error {}

/** How a file is opened. */
export type Hdf5Mode = "read" | "append" | "create";

let current: Promise<Hdf5Library> | undefined;

/** The library, loaded when it is first needed (about 0.1 s and 40 MB), and again after it broke. */
export async function loadHdf5(): Promise<Hdf5Library> {
  if (current && !(await current).isUsable) current = undefined;
  current ??= Hdf5Library.create();
  return current;
}

/** One instance of the library, which has one file open at a time. */
export class Hdf5Library {
  readonly #module: Hdf5Module;
  /** What the library printed during the call: it does so for each error, and for nothing else. */
  #printed = "";
  /** The only path that may be opened; other files that a file refers to are not followed. */
  #allowed: string | undefined;
  #refused: string | undefined;
  readonly #descriptors = new Set<number>();
  #isBroken = false;
  /** How large the instance's memory may become, in bytes. */
  memoryLimit = OWN_BYTES;

  private constructor(module: Hdf5Module) {
    this.#module = module;
  }

  static async create(): Promise<Hdf5Library> {
    let library: Hdf5Library | undefined;
    const module = await instantiateHdf5(
      (text) => library?.print(text),
      (bytes) => bytes <= (library?.memoryLimit ?? OWN_BYTES),
    );
    library = new Hdf5Library(module);
    library.#watchFiles();
    return library;
  }

  get isUsable(): boolean {
    return !this.#isBroken && this.#module.HEAPU8.length <= KEPT_BYTES;
  }

  /**
   * Opens a file for the time of `act`.
   * @throws Hdf5Failure when it cannot be opened or, after writing, not be closed
   */
  withFile<T>(path: string, mode: Hdf5Mode, act: (file: bigint) => T): T {
    if (this.#isBroken) throw new Hdf5Failure("the HDF5 library failed before");
    if (this.#allowed !== undefined) throw new Error("internal: an HDF5 file is open already");
    // The library asks for files by their absolute paths.
    const absolute = resolve(path);
    this.#allowed = absolute;
    try {
      const file = this.call((module) => open(module, absolute, mode));
      let result: T;
      try {
        result = act(file);
      } catch (error) {
        if (!this.#isBroken) this.#module.close_file(file);
        throw error;
      }
      this.call((module) => module.close_file(file));
      return result;
    } finally {
      this.#allowed = undefined;
      this.#closeFiles();
    }
  }

  /**
   * Calls the library. Its functions hide many failures, but print every one.
   * @throws Hdf5Failure with the innermost reason that the library gives
   */
  call<T>(act: (module: Hdf5Module) => T): T {
    this.#printed = "";
    this.#refused = undefined;
    let result: T;
    try {
      result = act(this.#module);
    } catch (cause) {
      this.#isBroken ||= cause instanceof WebAssembly.RuntimeError;
      throw new Hdf5Failure(this.#reason() ?? String(cause), { cause });
    }
    const reason = this.#reason();
    if (reason !== undefined) throw new Hdf5Failure(reason);
    return result;
  }

  /** Lets the library take that much more memory than for its own, for the time of `act`. */
  withMoreMemory<T>(bytes: number, act: () => T): T {
    this.memoryLimit = OWN_BYTES + bytes;
    try {
      return act();
    } finally {
      this.memoryLimit = OWN_BYTES;
    }
  }

  /** As `call`, for a call that is known to print an error and to do its work all the same. */
  callIgnoringErrors(act: (module: Hdf5Module) => void): void {
    try {
      this.call(act);
    } catch (error) {
      if (this.#isBroken || !(error instanceof Hdf5Failure)) throw error;
    }
  }

  /** Lends `bytes` of the library's memory for the time of `act`. */
  withMemory<T>(bytes: number, act: (pointer: number) => T): T {
    const pointer = this.call((module) => module._malloc(Math.max(bytes, 8)));
    if (pointer === 0) throw new Hdf5Failure(`no ${bytes} bytes of memory are left for HDF5`);
    try {
      return act(pointer);
    } finally {
      if (!this.#isBroken) this.#module._free(pointer);
    }
  }

  /** The bytes of the library's memory at `pointer`, valid until its next call. */
  bytes(pointer: number, length: number): Uint8Array {
    return this.#module.HEAPU8.subarray(pointer, pointer + length);
  }

  print(text: string): void {
    this.#printed += text;
  }

  #reason(): string | undefined {
    if (this.#isBroken) return "the HDF5 library fails on it";
    if (this.#refused !== undefined) {
      return `it refers to another file, ${this.#refused}, and such references are not followed`;
    }
    return this.#printed === "" ? undefined : innermostReason(this.#printed);
  }

  /** Catches what the library prints, and lets it open nothing but the file that it was asked to. */
  #watchFiles(): void {
    const { FS } = this.#module;
    const { open, close, write } = FS;
    FS.open = (path, flags, mode) => {
      if (path !== this.#allowed) {
        // Folders are where the library looks for plug-ins.
        if (!(flags & O_DIRECTORY)) this.#refused ??= path;
        throw new FS.ErrnoError(EACCES);
      }
      const stream = open(path, flags, mode);
      this.#descriptors.add(stream.nfd);
      return stream;
    };
    FS.close = (stream) => {
      this.#descriptors.delete(stream.nfd);
      close(stream);
    };
    FS.write = (stream, bytes, offset, length, position) => {
      if (stream.fd > STANDARD_ERROR) return write(stream, bytes, offset, length, position);
      this.print(Buffer.from(bytes.buffer, bytes.byteOffset + offset, length).toString());
      return length;
    };
  }

  /** The library closes its files itself; one that did not is in no state to go on. */
  #closeFiles(): void {
    for (const descriptor of this.#descriptors) {
      this.#isBroken = true;
      closeSync(descriptor);
    }
    this.#descriptors.clear();
  }
}

/** Files are written in the form of HDF5 1.8, which every Caffe reads. */
function open(module: Hdf5Module, path: string, mode: Hdf5Mode): bigint {
  const { H5F_ACC_RDONLY, H5F_ACC_RDWR, H5F_ACC_TRUNC } = module;
  const access = { read: H5F_ACC_RDONLY, append: H5F_ACC_RDWR, create: H5F_ACC_TRUNC }[mode];
  const newest = mode === "create" ? module.H5F_LIBVER_V18 : module.H5F_LIBVER_LATEST;
  return module.open(path, access, false, module.H5F_LIBVER_EARLIEST, newest);
}

/** The library prints its stack of errors, the innermost last: `#003: file line 12 in f(): reason`. */
function innermostReason(printed: string): string {
  const reasons = [...printed.matchAll(/^ *#\d+: .*?\(\): (.*)$/gm)];
  const reason = reasons.at(-1)?.[1] ?? printed.trim().split("\n")[0]!;
  const ofSystem = /error message = '([^']*)'/.exec(printed)?.[1]?.toLowerCase();
  // Where a filter is missing, the library looks for plug-ins last.
  const filter = /required filter '[^']*' is not registered/.exec(printed)?.[0];
  return (filter ?? ofSystem ?? reason).slice(0, 300);
}
