/** @file Endless reading of the records of a database, with a place that can be saved. */
import { DataSourceError } from "../errors.ts";
import type { Datum } from "../schema/index.ts";
import { decodeDatum } from "./datum.ts";
import { type LmdbCursor, type LmdbReader, keyText, openLmdb } from "./lmdb/reader.ts";

/** Stands on the next record to read, which after the last is the first one. */
export class RecordCursor {
  readonly #path: string;
  readonly #reader: LmdbReader;
  readonly #cursor: LmdbCursor;
  readonly #onRestart: () => void;
  /** The decoded record, until the cursor moves. */
  #datum: Datum | undefined;

  /**
   * @param path the database, as errors name it
   * @param onRestart called each time that reading starts again at the first record
   * @throws DataSourceError when there is no such database, or nothing in it
   */
  constructor(path: string, onRestart: () => void) {
    this.#path = path;
    this.#onRestart = onRestart;
    this.#reader = openLmdb(path);
    this.#cursor = this.#reader.cursor();
    try {
      if (!this.#cursor.first()) throw new DataSourceError(`${path}: the LMDB has no records`);
    } catch (error) {
      this.#reader.close();
      throw error;
    }
  }

  /** How an error names the record: database and key. */
  get name(): string {
    return `${this.#path}: record ${keyText(this.#cursor.key)}`;
  }

  /** The record; its bytes are a view that `advance` may overwrite. */
  datum(): Datum {
    this.#datum ??= decodeDatum(this.#cursor.value, this.name);
    return this.#datum;
  }

  advance(): void {
    this.#datum = undefined;
    if (this.#cursor.next()) return;
    this.#onRestart();
    this.#cursor.first();
  }

  /** The key of the record to read next, for `moveTo`. */
  get key(): Uint8Array {
    return new Uint8Array(this.#cursor.key);
  }

  /** @throws DataSourceError when there is no record with that key */
  moveTo(key: Uint8Array): void {
    this.#datum = undefined;
    if (this.#cursor.seek(key) && Buffer.compare(this.#cursor.key, key) === 0) return;
    this.#cursor.first();
    throw new DataSourceError(
      `${this.#path}: there is no record ${keyText(key)}, where reading stopped; the dataset was changed since`,
    );
  }

  close(): void {
    this.#reader.close();
  }
}
