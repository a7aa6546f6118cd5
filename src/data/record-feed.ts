/** @file Records one after the other without an end, from an LMDB or a LevelDB. */
import { DataSourceError } from "../errors.ts";
import { type LevelDbReader, type LevelDbWalk, openLevelDb } from "./leveldb/reader.ts";
import { type LmdbCursor, type LmdbReader, openLmdb } from "./lmdb/reader.ts";
import type { Backend } from "./records.ts";

/** Stands on a record; after the last one comes the first. */
export interface RecordFeed {
  /** The record: views that the next move may overwrite. */
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** Waits until the next `count` moves need not wait. */
  load(count: number): Promise<void>;
  /** @returns whether this was a step from the last record to the first */
  advance(): boolean;
  /** @returns whether there is a record with that key; where not, the feed stands on the first */
  moveTo(key: Uint8Array): Promise<boolean>;
  close(): void;
}

/**
 * Opens a database on its first record.
 * @throws DataSourceError when there is no such database, or nothing in it
 */
export async function openRecordFeed(path: string, backend: Backend): Promise<RecordFeed> {
  if (backend === "LMDB") return new LmdbFeed(path, openLmdb(path));
  const feed = new LevelDbFeed(path, await openLevelDb(path));
  try {
    await feed.load(0);
  } catch (error) {
    feed.close();
    throw error;
  }
  return feed;
}

class LmdbFeed implements RecordFeed {
  readonly #reader: LmdbReader;
  readonly #cursor: LmdbCursor;

  constructor(path: string, reader: LmdbReader) {
    this.#reader = reader;
    this.#cursor = reader.cursor();
    try {
      if (!this.#cursor.first()) throw new DataSourceError(`${path}: the LMDB has no records`);
    } catch (error) {
      reader.close();
      throw error;
    }
  }

  get key(): Uint8Array {
    return this.#cursor.key;
  }

  get value(): Uint8Array {
    return this.#cursor.value;
  }

  /** Pages are read as the cursor comes to them, from the system's cache or the disk. */
  async load(): Promise<void> {}

  advance(): boolean {
    if (this.#cursor.next()) return false;
    this.#cursor.first();
    return true;
  }

  async moveTo(key: Uint8Array): Promise<boolean> {
    if (this.#cursor.seek(key) && Buffer.compare(this.#cursor.key, key) === 0) return true;
    this.#cursor.first();
    return false;
  }

  close(): void {
    this.#reader.close();
  }
}

interface QueuedRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** It follows the last record. */
  readonly restarts: boolean;
}

/** LevelDB is read by other threads: what has been read waits in a queue, the feed's record first. */
class LevelDbFeed implements RecordFeed {
  readonly #path: string;
  readonly #reader: LevelDbReader;
  #walk: LevelDbWalk;
  #queue: QueuedRecord[] = [];
  /** Index of the feed's record in the queue. */
  #at = 0;
  #restarts = false;
  /** Ends when all that was asked for is in the queue. */
  #loading: Promise<void> = Promise.resolve();

  constructor(path: string, reader: LevelDbReader) {
    this.#path = path;
    this.#reader = reader;
    this.#walk = reader.walk();
  }

  get key(): Uint8Array {
    return this.#queue[this.#at]!.key;
  }

  get value(): Uint8Array {
    return this.#queue[this.#at]!.value;
  }

  load(count: number): Promise<void> {
    this.#loading = this.#loading.catch(() => {}).then(() => this.#fill(count + 1));
    return this.#loading;
  }

  advance(): boolean {
    this.#at++;
    return this.#queue[this.#at]!.restarts;
  }

  async moveTo(key: Uint8Array): Promise<boolean> {
    await this.#restart(key);
    const [first] = await this.#walk.next(1);
    const isThere = first !== undefined && Buffer.compare(first[0], key) === 0;
    await this.#restart(isThere ? key : undefined);
    await this.load(0);
    return isThere;
  }

  close(): void {
    this.#reader.close();
  }

  async #restart(from?: Uint8Array): Promise<void> {
    await this.#loading.catch(() => {});
    await this.#walk.close();
    this.#walk = this.#reader.walk(from);
    this.#queue = [];
    this.#at = 0;
    this.#restarts = false;
  }

  /** Reads until `count` records wait, from the feed's on. */
  async #fill(count: number): Promise<void> {
    this.#queue.splice(0, this.#at);
    this.#at = 0;
    while (this.#queue.length < count) {
      const records = await this.#walk.next(count - this.#queue.length);
      for (const [key, value] of records) {
        this.#queue.push({ key, value, restarts: this.#restarts });
        this.#restarts = false;
      }
      if (records.length > 0) continue;
      if (this.#restarts) throw new DataSourceError(`${this.#path}: the LevelDB has no records`);
      await this.#walk.close();
      this.#walk = this.#reader.walk();
      this.#restarts = true;
    }
  }
}
