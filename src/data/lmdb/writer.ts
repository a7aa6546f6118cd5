/** @file Writes an LMDB that Caffe, DIGITS and liblmdb 0.9 read. */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { rename } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { DataSourceError } from "../../errors.ts";
import { syncFolder, systemReason, temporaryBeside } from "../../model-file/index.ts";
import type { RecordWriter } from "../record-writer.ts";
import { keyText } from "./reader.ts";
import { TreeWriter } from "./tree-writer.ts";

/** An LMDB that is being written; `put` is done when it returns. */
export interface LmdbWriter extends RecordWriter {
  /** @param key 1 to 511 bytes, greater than the key before; text is UTF-8 */
  put(key: Uint8Array | string, value: Uint8Array): void;
}

/** The most bytes of a key that liblmdb takes (`MDB_MAXKEYSIZE`), and of a value. */
const MAX_KEY_BYTES = 511;
const MAX_VALUE_BYTES = 2 ** 32 - 1;
/** Pages are handed to the system in pieces of this size. */
const BUFFER_BYTES = 2 ** 20;

/**
 * Starts a new database in the folder `path`, which must not exist yet; its parents are made.
 *
 * The file is written front to back by our own code. The native library would do it too, but its
 * data-format-1 build never unmaps a database: after 93 of them a process has no address space left.
 * @throws DataSourceError when it exists, or its place cannot be written
 */
export function createLmdb(path: string): LmdbWriter {
  return new Writer(resolve(path));
}

class Writer implements LmdbWriter {
  readonly path: string;
  readonly #temporary: string;
  readonly #tree: TreeWriter;
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #buffered = 0;
  #file: number | undefined;
  #lastKey: Buffer | undefined;

  constructor(path: string) {
    this.path = path;
    if (existsSync(path)) {
      throw new DataSourceError(`${path}: exists already. Delete it, or choose another name.`);
    }
    this.#temporary = temporaryBeside(path);
    this.#attempt(() => {
      makeFolder(this.#temporary);
      this.#file = openSync(join(this.#temporary, "data.mdb"), "wx");
    });
    this.#tree = new TreeWriter((bytes) => this.#append(bytes));
  }

  get entries(): number {
    return this.#tree.entries;
  }

  put(key: Uint8Array | string, value: Uint8Array): void {
    this.#checkOpen();
    const bytes = Buffer.from(key as string);
    this.#checkRecord(bytes, value);
    this.#attempt(() => this.#tree.add(bytes, value));
    this.#lastKey = bytes;
  }

  async close(): Promise<void> {
    this.#checkOpen();
    this.#attempt(() => {
      const header = this.#tree.finish();
      this.#flush();
      writeAll(this.#file!, header, 0);
      fsyncSync(this.#file!);
      closeSync(this.#file!);
      this.#file = undefined;
    });
    await syncFolder(this.#temporary);
    try {
      await rename(this.#temporary, this.path);
    } catch (cause) {
      throw this.#failure(cause);
    }
    await syncFolder(dirname(this.path));
  }

  async abort(): Promise<void> {
    if (this.#file !== undefined) this.#discard();
  }

  #checkRecord(key: Buffer, value: Uint8Array): void {
    const fail = (problem: string) => {
      throw new DataSourceError(`${this.path}: ${problem}`);
    };
    if (key.length < 1 || key.length > MAX_KEY_BYTES) {
      const start = keyText(key.subarray(0, 60));
      fail(`a key has 1 to ${MAX_KEY_BYTES} bytes, not ${key.length}: ${start}`);
    }
    if (value.length > MAX_VALUE_BYTES) {
      fail(
        `the value of ${keyText(key)} has ${value.length} bytes; at most ${MAX_VALUE_BYTES} fit`,
      );
    }
    const order = this.#lastKey ? Buffer.compare(this.#lastKey, key) : -1;
    if (order === 0) fail(`two records have the key ${keyText(key)}`);
    if (order > 0) {
      const before = keyText(this.#lastKey!);
      fail(
        `the key ${keyText(key)} comes after ${before}; put the records in the order of their keys`,
      );
    }
  }

  #append(bytes: Uint8Array): void {
    if (this.#buffered + bytes.length > BUFFER_BYTES) this.#flush();
    if (bytes.length > BUFFER_BYTES) {
      writeAll(this.#file!, bytes, null);
      return;
    }
    this.#buffer.set(bytes, this.#buffered);
    this.#buffered += bytes.length;
  }

  #flush(): void {
    writeAll(this.#file!, this.#buffer.subarray(0, this.#buffered), null);
    this.#buffered = 0;
  }

  #checkOpen(): void {
    if (this.#file === undefined) {
      throw new DataSourceError(`${this.path}: the LMDB is not open for writing`);
    }
  }

  #attempt(act: () => void): void {
    try {
      act();
    } catch (cause) {
      throw this.#failure(cause);
    }
  }

  /** Removes what was written. @returns the error to throw */
  #failure(cause: unknown): DataSourceError {
    this.#discard();
    const reason = systemReason(cause);
    return new DataSourceError(`${this.path}: the LMDB cannot be written: ${reason}`, { cause });
  }

  #discard(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    // Where a part of the path is a file, `force` would not help.
    if (existsSync(this.#temporary)) rmSync(this.#temporary, { recursive: true, force: true });
  }
}

/** @param position where to write; null after what was written last */
function writeAll(file: number, bytes: Uint8Array, position: number | null): void {
  let done = 0;
  while (done < bytes.length) {
    const at = position === null ? null : position + done;
    done += writeSync(file, bytes, done, bytes.length - done, at);
  }
}

/** Makes a folder and its parents. Node 20's own `recursive` never returns where the system says ENOENT, as in /proc. */
function makeFolder(path: string): void {
  if (!existsSync(dirname(path))) makeFolder(dirname(path));
  mkdirSync(path);
}
