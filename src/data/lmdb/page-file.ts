/** @file An open LMDB file: pages and long values by page number, never past the end of the file. */
import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { DataSourceError } from "../../errors.ts";
import { systemReason } from "../../model-file/index.ts";
import { type Meta, PAGE_HEADER_BYTES, PAGE_OVERFLOW, damaged, readMeta } from "./format.ts";
import { Page } from "./page.ts";

/**
 * Reads pages as they are asked for. Nothing is mapped into memory, so that a file that is cut off
 * gives an error and no signal; no lock file is touched, so that folders may be read-only or remote.
 */
export class PageFile {
  readonly path: string;
  readonly meta: Meta;
  readonly #bytes: number;
  #descriptor: number | undefined;

  /** @param path a folder with a data.mdb, or the file itself */
  constructor(path: string) {
    this.path = dataFileOf(path);
    this.#descriptor = open(this.path);
    try {
      this.#bytes = fstatSync(this.#descriptor).size;
      this.meta = readMeta((into, at) => this.#read(into, at), this.path, this.#bytes);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** A branch or leaf page, in memory of its own. */
  page(number: number, isLeaf: boolean): Page {
    const position = this.#positionOf(number, 1);
    // Not from Buffer's shared pool: a page may be kept for long.
    const bytes = Buffer.allocUnsafeSlow(this.meta.pageBytes);
    this.#readAll(bytes, position);
    return new Page(this.path, position, bytes, number, isLeaf);
  }

  /**
   * Reads a value that has pages of its own.
   * @param into memory to use again; a larger one is made when it is too small
   * @returns the memory that holds the pages; the value starts at `PAGE_HEADER_BYTES`
   */
  overflow(number: number, valueBytes: number, into: Buffer): Buffer {
    const wanted = PAGE_HEADER_BYTES + valueBytes;
    const pages = Math.ceil(wanted / this.meta.pageBytes);
    const position = this.#positionOf(number, pages);
    const memory =
      into.length >= wanted ? into : Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(wanted)));
    this.#readAll(memory.subarray(0, wanted), position);
    const isOverflow = (memory.readUInt16LE(10) & 0x6f) === PAGE_OVERFLOW;
    const stored = memory.readUInt32LE(0) + memory.readUInt32LE(4) * 2 ** 32;
    if (!isOverflow || stored !== number || memory.readUInt32LE(12) < pages) {
      throw damaged(
        this.path,
        position,
        `page ${number} should start a value of ${valueBytes} bytes, and does not`,
      );
    }
    return memory;
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #positionOf(number: number, pages: number): number {
    const { pageBytes } = this.meta;
    const position = number * pageBytes;
    if (number < 2 || position + pages * pageBytes > this.#bytes) {
      const range = pages === 1 ? `page ${number}` : `pages ${number} to ${number + pages - 1}`;
      throw damaged(
        this.path,
        Math.min(position, this.#bytes),
        `a record needs ${range} of ${pageBytes} bytes, but the file has ${this.#bytes} bytes`,
      );
    }
    return position;
  }

  #readAll(into: Uint8Array, position: number): void {
    const length = this.#read(into, position);
    if (length < into.length) throw damaged(this.path, position + length, "the file ends here");
  }

  #read(into: Uint8Array, position: number): number {
    if (this.#descriptor === undefined) {
      throw new DataSourceError(`${this.path}: the LMDB was closed and cannot be read any more`);
    }
    let done = 0;
    try {
      while (done < into.length) {
        const got = readSync(this.#descriptor, into, done, into.length - done, position + done);
        if (got === 0) break;
        done += got;
      }
    } catch (cause) {
      throw new DataSourceError(
        `${this.path}: cannot read at byte ${position}: ${systemReason(cause)}`,
        {
          cause,
        },
      );
    }
    return done;
  }
}

function dataFileOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) {
    throw new DataSourceError(
      `No such file or directory: ${path}: there is no such LMDB. Check the path, or create the dataset first.`,
    );
  }
  if (!stat.isDirectory()) return path;
  const file = join(path, "data.mdb");
  if (existsSync(file)) return file;
  if (existsSync(join(path, "CURRENT"))) {
    throw new DataSourceError(
      `${path}: a LevelDB: write "backend: LEVELDB" in data_param, or "-backend leveldb" where a tool reads it`,
    );
  }
  throw new DataSourceError(`${path}: no LMDB: the folder holds no data.mdb`);
}

function open(path: string): number {
  try {
    return openSync(path, "r");
  } catch (cause) {
    throw new DataSourceError(`${path}: cannot open the LMDB: ${systemReason(cause)}`, { cause });
  }
}
