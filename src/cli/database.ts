/** @file Databases of records for the commands that read and write them, in the words of Caffe's tools. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Logger } from "../core/logger.ts";
import { type Backend, type RecordWriter, createRecords } from "../data/index.ts";
import { DataSourceError, UsageError } from "../errors.ts";
import type { Flag, Io } from "./command.ts";

export const backendFlag: Flag = {
  type: "string",
  value: "lmdb|leveldb",
  summary: "what kind of database it is",
  default: "lmdb",
};

/** @throws UsageError for anything but the names of the two kinds */
export function backendNamed(name: string): Backend {
  if (name === "lmdb") return "LMDB";
  if (name === "leveldb") return "LEVELDB";
  throw new UsageError(`Unknown database backend "${name}"; expected lmdb or leveldb`);
}

export function logOpened(logger: Logger, name: string, backend: Backend): void {
  if (backend === "LMDB") logger.log("info", "db_lmdb.cpp:35", `Opened lmdb ${name}`);
  else logger.log("info", "db_leveldb.cpp:18", `Opened leveldb ${name}`);
}

/**
 * Makes a new database. It has its name when all of it is written; whatever goes wrong before, nothing
 * is left of it.
 * @param name the folder as the user gave it
 * @throws DataSourceError when it exists, or cannot be written; errors of `fill` pass unchanged
 */
export async function writeDatabase<T>(
  name: string,
  backend: Backend,
  { io, logger }: { readonly io: Io; readonly logger: Logger },
  fill: (database: RecordWriter) => Promise<T>,
): Promise<T> {
  const database = await newDatabase(name, backend, io);
  try {
    logOpened(logger, name, backend);
    const result = await fill(database);
    await database.close();
    return result;
  } catch (error) {
    await database.abort();
    throw error;
  }
}

async function newDatabase(name: string, backend: Backend, io: Io): Promise<RecordWriter> {
  const path = resolve(io.cwd, name);
  if (existsSync(path)) {
    // mkdir is what fails in Caffe's tools, LevelDB's own check in LevelDB's.
    const failed = backend === "LMDB" ? `mkdir ${name} failed` : `Failed to open leveldb ${name}`;
    throw new DataSourceError(`${failed}: it exists already. Delete it, or choose another name.`);
  }
  return createRecords(path, backend);
}
