/**
 * @file Files that the net's process reads for a fenced layer, which cannot decode images itself: only
 * those of the folders that it may read, also through links.
 */
import { realpath, stat } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { MAX_BEGUN } from "./begun.ts";
import type { FileFacts, FileWish } from "./messages.ts";

/** What "cortado" exports for reading, outside the fence. */
export interface FileReaders {
  loadImage(
    path: string,
    form: "bgr" | "rgb" | "gray" | "index",
  ): Promise<{
    readonly channels: number;
    readonly height: number;
    readonly width: number;
    readonly data: Uint8Array | Uint16Array;
  }>;
  readNpy(
    path: string,
  ): Promise<{ readonly shape: readonly number[]; readonly data: Float32Array }>;
}

export interface FileContent {
  readonly facts: FileFacts;
  readonly bytes: Uint8Array;
}

const MIB = 2 ** 20;

export class FenceFiles {
  readonly #readers: FileReaders;
  readonly #folders: readonly string[];
  readonly #megabytes: number;
  readonly #begun = new Map<number, Promise<FileContent>>();
  #next = 0;

  /** @param megabytes the largest file that is read */
  constructor(readers: FileReaders, folders: readonly string[], megabytes: number) {
    this.#readers = readers;
    this.#folders = folders.map((folder) => resolve(folder));
    this.#megabytes = megabytes;
  }

  /** @returns undefined where too many are begun */
  begin(wish: FileWish): number | undefined {
    if (this.#begun.size >= MAX_BEGUN) return undefined;
    const content = this.#read(wish);
    content.catch(() => {}); // it is said when the file is taken
    this.#begun.set(this.#next, content);
    return this.#next++;
  }

  /** What was begun, once; undefined for a number that was not given out. */
  take(ticket: number): Promise<FileContent> | undefined {
    const content = this.#begun.get(ticket);
    this.#begun.delete(ticket);
    return content;
  }

  async #read(wish: FileWish): Promise<FileContent> {
    const path = await this.#allowed(resolve(wish.path));
    if (wish.kind === "npy") {
      const { shape, data } = await this.#readers.readNpy(path);
      return { facts: { shape, type: "float32" }, bytes: bytesOf(data) };
    }
    const { channels, height, width, data } = await this.#readers.loadImage(path, wish.form);
    const type = data instanceof Uint16Array ? "uint16" : "uint8";
    return { facts: { shape: [channels, height, width], type }, bytes: bytesOf(data) };
  }

  /** @throws Error where the file lies elsewhere, which is said before anything tells whether it exists */
  async #allowed(path: string): Promise<string> {
    if (!this.#folders.some((folder) => isInside(path, folder))) throw this.#elsewhere(path);
    const real = await realpath(path).catch(() => path);
    const folders = await Promise.all(
      this.#folders.map((folder) => realpath(folder).catch(() => folder)),
    );
    if (!folders.some((folder) => isInside(real, folder))) throw this.#elsewhere(path);
    const found = await stat(real).catch(() => undefined);
    if (found && !found.isFile()) throw new Error(`${path}: is no file`);
    if (found && found.size > this.#megabytes * MIB) {
      const size = Math.ceil(found.size / MIB);
      throw new Error(`${path}: has ${size} MiB, and the fence allows ${this.#megabytes} MiB`);
    }
    return real;
  }

  #elsewhere(path: string): Error {
    const known = this.#folders.join(", ") || "none";
    return new Error(
      `it tried to read ${path}, which is not in the folders that it may read (${known})`,
    );
  }
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint8Array | Uint16Array | Float32Array) {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
