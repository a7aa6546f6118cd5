/** @file Reads the records of a LevelDB in the order of their keys. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Iterator } from "classic-level";
import { DataSourceError } from "../../errors.ts";
import { type Database, levelReason, openDatabase } from "./library.ts";
import { checkLogs } from "./log-check.ts";
import { makeViewFolder, removeViewFolder } from "./view-folder.ts";

/** A key and its value, in memory of their own. */
export type LevelDbRecord = readonly [key: Uint8Array, value: Uint8Array];

/** A walk along the keys, open until `close`. */
export interface LevelDbWalk {
  /** At least one of the next records and at most `count`; none after the last. */
  next(count: number): Promise<readonly LevelDbRecord[]>;
  close(): Promise<void>;
}

/** A LevelDB that is read, open until `close`. */
export interface LevelDbReader {
  readonly path: string;
  /** Starts at the first record, or at the first whose key is not less than `from`. */
  walk(from?: Uint8Array): LevelDbWalk;
  close(): void;
}

/** How much one step of a walk may read at once, whatever the number of records. */
const STEP_BYTES = 16 * 2 ** 20;

/**
 * Opens a LevelDB as Caffe writes it, compressed or not. The folder is not written to, and not locked.
 * Its logs are checked against their checksums; the blocks of its tables are not, as in Caffe, because that
 * would mean to read all of a database at the start.
 * @throws DataSourceError when it is missing, something else, or damaged (also later, when a walk comes
 *   to the damaged place)
 */
export async function openLevelDb(path: string): Promise<LevelDbReader> {
  checkFolder(path);
  await checkLogs(path);
  let folder: string | undefined;
  const failure = (cause: unknown) => {
    const reason = levelReason(cause).replaceAll(folder ?? path, path);
    return new DataSourceError(`Failed to open leveldb ${path}: ${reason}`, { cause });
  };
  let database: Database;
  try {
    folder = makeViewFolder(path);
    database = await openDatabase(folder, false);
  } catch (cause) {
    if (folder !== undefined) removeViewFolder(folder);
    throw failure(cause);
  }
  const view = folder;
  return {
    path,
    walk: (from) => new Walk(path, view, database, from),
    close() {
      removeViewFolder(view);
      // Nobody waits: nothing is written any more. What the system still holds goes with the process.
      database.close().catch(() => {});
    },
  };
}

class Walk implements LevelDbWalk {
  readonly #path: string;
  readonly #folder: string;
  readonly #iterator: Iterator<Database, Uint8Array, Uint8Array>;

  constructor(path: string, folder: string, database: Database, from?: Uint8Array) {
    this.#path = path;
    this.#folder = folder;
    const options = { highWaterMarkBytes: STEP_BYTES };
    this.#iterator = database.iterator(from ? { ...options, gte: from } : options);
  }

  async next(count: number): Promise<readonly LevelDbRecord[]> {
    try {
      return await this.#iterator.nextv(count);
    } catch (cause) {
      const reason = levelReason(cause).replaceAll(this.#folder, this.#path);
      throw new DataSourceError(`${this.#path}: the LevelDB cannot be read: ${reason}`, { cause });
    }
  }

  close(): Promise<void> {
    return this.#iterator.close();
  }
}

/** Tells what LevelDB would not, or only in a roundabout way. */
function checkFolder(path: string): void {
  const fail = (problem: string) => {
    throw new DataSourceError(`Failed to open leveldb ${path}: ${problem}`);
  };
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat && !stat.isDirectory()) fail("a LevelDB is a folder, and this is a file");
  if (existsSync(join(path, "data.mdb"))) {
    fail('it is an LMDB: write "backend: LMDB" in data_param (LEVELDB is the default)');
  }
  if (!existsSync(join(path, "CURRENT"))) {
    const what = stat ? "the folder holds no LevelDB" : "there is no such folder";
    fail(`Invalid argument: ${path}: does not exist (create_if_missing is false): ${what}`);
  }
}
