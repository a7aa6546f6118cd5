/** @file Endless reading of the Datums of a database, with a place that can be saved. */
import { DataSourceError } from "../errors.ts";
import type { Datum } from "../schema/index.ts";
import { decodeDatum } from "./datum.ts";
import { keyText } from "./lmdb/reader.ts";
import { type RecordFeed, openRecordFeed } from "./record-feed.ts";
import type { Backend } from "./records.ts";

/** Stands on the next record to read, which after the last is the first one. */
export class RecordCursor {
  readonly #path: string;
  readonly #feed: RecordFeed;
  readonly #onRestart: () => void;
  /** The decoded record, until the cursor moves. */
  #datum: Datum | undefined;

  private constructor(path: string, feed: RecordFeed, onRestart: () => void) {
    this.#path = path;
    this.#feed = feed;
    this.#onRestart = onRestart;
  }

  /**
   * @param path the database, as errors name it
   * @param onRestart called each time that reading starts again at the first record
   * @throws DataSourceError when there is no such database, or nothing in it
   */
  static async open(path: string, backend: Backend, onRestart: () => void): Promise<RecordCursor> {
    return new RecordCursor(path, await openRecordFeed(path, backend), onRestart);
  }

  /** How an error names the record: database and key. */
  get name(): string {
    return `${this.#path}: record ${keyText(this.#feed.key)}`;
  }

  /** Waits until this record and the next `count` can be read. */
  load(count: number): Promise<void> {
    return this.#feed.load(count);
  }

  /** The record; its bytes are a view that `advance` may overwrite. */
  datum(): Datum {
    this.#datum ??= decodeDatum(this.#feed.value, this.name);
    return this.#datum;
  }

  /** Moves on to a record that `load` has waited for. */
  advance(): void {
    this.#datum = undefined;
    if (this.#feed.advance()) this.#onRestart();
  }

  /** The key of the record to read next, for `moveTo`. */
  get key(): Uint8Array {
    return new Uint8Array(this.#feed.key);
  }

  /** @throws DataSourceError when there is no record with that key */
  async moveTo(key: Uint8Array): Promise<void> {
    this.#datum = undefined;
    if (await this.#feed.moveTo(key)) return;
    throw new DataSourceError(
      `${this.#path}: there is no record ${keyText(key)}, where reading stopped; the dataset was changed since`,
    );
  }

  close(): void {
    this.#feed.close();
  }
}
