/** @file Writes a LevelDB that Caffe reads. */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { mkdir, open, rename } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { DataSourceError } from "../../errors.ts";
import { syncFolder, temporaryBeside } from "../../model-file/index.ts";
import { keyText } from "../lmdb/reader.ts";
import type { RecordWriter } from "../record-writer.ts";
import { type Database, levelReason, openDatabase } from "./library.ts";

/** A batch is written when it has so many records or bytes; Caffe's tools commit every 1000. */
const BATCH_RECORDS = 1000;
const BATCH_BYTES = 16 * 2 ** 20;

/**
 * Starts a new database in the folder `path`, which must not exist yet; its parents are made. The
 * folder has its name only after `close`.
 * @throws DataSourceError when it exists, or its place cannot be written
 */
export async function createLevelDb(path: string): Promise<RecordWriter> {
  const folder = resolve(path);
  if (existsSync(folder)) {
    throw new DataSourceError(`${folder}: exists already. Delete it, or choose another name.`);
  }
  const temporary = temporaryBeside(folder);
  try {
    await mkdir(temporary, { recursive: true });
    return new Writer(folder, temporary, await openDatabase(temporary, true));
  } catch (cause) {
    // Where a part of the path is a file, `force` would not help.
    if (existsSync(temporary)) rmSync(temporary, { recursive: true, force: true });
    throw unwritable(folder, cause);
  }
}

class Writer implements RecordWriter {
  readonly path: string;
  entries = 0;
  readonly #temporary: string;
  #database: Database | undefined;
  #batch: { type: "put"; key: Uint8Array; value: Uint8Array }[] = [];
  #batchBytes = 0;
  #lastKey: Uint8Array | undefined;

  constructor(path: string, temporary: string, database: Database) {
    this.path = path;
    this.#temporary = temporary;
    this.#database = database;
  }

  async put(key: Uint8Array | string, value: Uint8Array): Promise<void> {
    this.#open();
    const bytes = new Uint8Array(Buffer.from(key as string));
    this.#checkOrder(bytes);
    this.#batch.push({ type: "put", key: bytes, value: new Uint8Array(value) });
    this.#batchBytes += bytes.length + value.length;
    this.#lastKey = bytes;
    this.entries++;
    if (this.#batch.length < BATCH_RECORDS && this.#batchBytes < BATCH_BYTES) return;
    await this.#attempt(() => this.#flush());
  }

  async close(): Promise<void> {
    const database = this.#open();
    await this.#attempt(async () => {
      await this.#flush();
      await database.close();
      // What lies in the log becomes a table now, and not each time that a reader opens it.
      await (await openDatabase(this.#temporary, false)).close();
      for (const name of readdirSync(this.#temporary)) await syncFile(join(this.#temporary, name));
      await syncFolder(this.#temporary);
      await rename(this.#temporary, this.path);
    });
    this.#database = undefined;
    await syncFolder(dirname(this.path));
  }

  async abort(): Promise<void> {
    if (!this.#database) return;
    await this.#database.close().catch(() => {});
    this.#database = undefined;
    rmSync(this.#temporary, { recursive: true, force: true });
  }

  async #flush(): Promise<void> {
    await this.#open().batch(this.#batch);
    this.#batch = [];
    this.#batchBytes = 0;
  }

  /** LevelDB would take any order, and of two records with one key the later. */
  #checkOrder(key: Uint8Array): void {
    if (key.length === 0) throw new DataSourceError(`${this.path}: a key needs at least one byte`);
    const order = this.#lastKey ? Buffer.compare(this.#lastKey, key) : -1;
    if (order < 0) return;
    const problem =
      order === 0
        ? `two records have the key ${keyText(key)}`
        : `the key ${keyText(key)} comes after ${keyText(this.#lastKey!)}; put the records in the order of their keys`;
    throw new DataSourceError(`${this.path}: ${problem}`);
  }

  #open(): Database {
    if (this.#database) return this.#database;
    throw new DataSourceError(`${this.path}: the LevelDB is not open for writing`);
  }

  async #attempt(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (cause) {
      await this.abort();
      throw unwritable(this.path, cause);
    }
  }
}

function unwritable(path: string, cause: unknown): DataSourceError {
  return new DataSourceError(`${path}: the LevelDB cannot be written: ${levelReason(cause)}`, {
    cause,
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
