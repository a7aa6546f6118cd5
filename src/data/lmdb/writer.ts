/** @file Writes an LMDB that Caffe, DIGITS and liblmdb 0.9 read. */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import type { RootDatabase } from "lmdb";
import { DataSourceError } from "../../errors.ts";
import { syncFolder, systemReason, temporaryBeside } from "../../model-file/index.ts";
import { keyText } from "./reader.ts";

/** A database that is being written. Its folder has its name only after `close`. */
export interface LmdbWriter {
  /** The folder, once it is written. */
  readonly path: string;
  /** Records put so far. */
  readonly entries: number;
  /**
   * Adds a record; ascending keys are the fastest and give the smallest file.
   * @param key 1 to 511 bytes; text is UTF-8
   * @throws DataSourceError for a key that is there already or of another length, or when the disk
   *   is full. After an error of the disk nothing is left of the database.
   */
  put(key: Uint8Array | string, value: Uint8Array): void;
  /** Writes what was put so far; `put` does so by itself every few megabytes. */
  commit(): void;
  /** Writes the rest, puts it on the disk and gives the folder its name. */
  close(): Promise<void>;
  /** Removes everything; does nothing after `close`. */
  abort(): Promise<void>;
}

/** The most bytes of a key that liblmdb takes (`MDB_MAXKEYSIZE`). */
const MAX_KEY_BYTES = 511;
/** Records are written in one transaction when this many bytes have come together. */
const BATCH_BYTES = 16 * 2 ** 20;
const BATCH_RECORDS = 10_000;

const require = createRequire(import.meta.url);

/**
 * Starts a new database in the folder `path`, which must not exist yet; its parents are made.
 * @throws DataSourceError when it exists, or its place cannot be written
 */
export function createLmdb(path: string): LmdbWriter {
  return new Writer(resolve(path));
}

class Writer implements LmdbWriter {
  readonly path: string;
  readonly #temporary: string;
  readonly #database: RootDatabase<Buffer, Buffer>;
  #batch: { key: Buffer; value: Buffer }[] = [];
  #batchBytes = 0;
  #lastKey: Buffer | undefined;
  #entries = 0;
  #isOpen = true;

  constructor(path: string) {
    this.path = path;
    if (existsSync(path)) {
      throw new DataSourceError(`${path}: exists already. Delete it, or choose another name.`);
    }
    this.#temporary = temporaryBeside(path);
    try {
      makeFolder(this.#temporary);
      this.#database = openNative(this.#temporary);
    } catch (cause) {
      rmSync(this.#temporary, { recursive: true, force: true });
      throw this.#unwritable(cause);
    }
  }

  get entries(): number {
    return this.#entries;
  }

  put(key: Uint8Array | string, value: Uint8Array): void {
    this.#checkOpen();
    const keyBytes = Buffer.from(key as string);
    if (keyBytes.length < 1 || keyBytes.length > MAX_KEY_BYTES) {
      throw new DataSourceError(
        `${this.path}: a key has 1 to ${MAX_KEY_BYTES} bytes, not ${keyBytes.length}: ${keyText(keyBytes.subarray(0, 60))}`,
      );
    }
    this.#batch.push({ key: keyBytes, value: Buffer.from(value) });
    this.#batchBytes += keyBytes.length + value.length;
    this.#entries++;
    if (this.#batchBytes >= BATCH_BYTES || this.#batch.length >= BATCH_RECORDS) this.commit();
  }

  commit(): void {
    this.#checkOpen();
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    if (batch.length === 0) return;
    try {
      this.#database.transactionSync(() => {
        for (const { key, value } of batch) this.#append(key, value);
      });
    } catch (cause) {
      this.#isOpen = false;
      void this.#database.close().catch(() => {});
      rmSync(this.#temporary, { recursive: true, force: true });
      throw cause instanceof DataSourceError ? cause : this.#unwritable(cause);
    }
  }

  async close(): Promise<void> {
    this.commit();
    this.#isOpen = false;
    try {
      await this.#database.close();
      // Only writers that share a database need the lock file.
      await rm(join(this.#temporary, "lock.mdb"), { force: true });
      await syncFile(join(this.#temporary, "data.mdb"));
      await syncFolder(this.#temporary);
      await rename(this.#temporary, this.path);
    } catch (cause) {
      await rm(this.#temporary, { recursive: true, force: true });
      throw this.#unwritable(cause);
    }
    await syncFolder(dirname(this.path));
  }

  async abort(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#batch = [];
    await this.#database.close();
    await rm(this.#temporary, { recursive: true, force: true });
  }

  #append(key: Buffer, value: Buffer): void {
    const isLast = this.#lastKey === undefined || Buffer.compare(this.#lastKey, key) < 0;
    if (isLast) this.#lastKey = key;
    // MDB_APPEND fills each page instead of splitting it in halves.
    if (!isLast && this.#database.doesExist(key)) {
      throw new DataSourceError(`${this.path}: two records have the key ${keyText(key)}`);
    }
    this.#database.putSync(key, value, { append: isLast });
  }

  #checkOpen(): void {
    if (!this.#isOpen) throw new DataSourceError(`${this.path}: the LMDB is not open for writing`);
  }

  #unwritable(cause: unknown): DataSourceError {
    const reason = systemReason(cause);
    return new DataSourceError(`${this.path}: the LMDB cannot be written: ${reason}`, { cause });
  }
}

/** Makes a folder and its parents. Node 20's own `recursive` never returns where the system says ENOENT, as in /proc. */
function makeFolder(path: string): void {
  if (!existsSync(dirname(path))) makeFolder(dirname(path));
  mkdirSync(path);
}

/** Opens the native library such that its files are those of liblmdb 0.9: plain keys and values. */
function openNative(path: string): RootDatabase<Buffer, Buffer> {
  const lmdb = require("lmdb") as typeof import("lmdb");
  return lmdb.open<Buffer, Buffer>({
    path,
    noSubdir: false,
    encoding: "binary",
    keyEncoding: "binary",
    cache: false,
    useVersions: false,
    maxDbs: 0,
    // Address space, not disk: the default ends at 1 GiB.
    mapSize: 2 ** 40,
    // `close` puts everything on the disk at once, before the folder gets its name.
    noSync: true,
  });
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
