/** @file The two kinds of databases that hold records, LMDB and LevelDB, behind one contract. */
import { type LevelDbReader, openLevelDb } from "./leveldb/reader.ts";
import { createLevelDb } from "./leveldb/writer.ts";
import { type LmdbReader, openLmdb } from "./lmdb/reader.ts";
import { createLmdb } from "./lmdb/writer.ts";
import type { RecordWriter } from "./record-writer.ts";

/** What a database is: `backend` in data_param, `-backend` of the tools. */
export type Backend = "LMDB" | "LEVELDB";

/** A record as it is stored. */
export interface StoredRecord {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/**
 * Starts a new database in the folder `path`, which must not exist yet; its parents are made.
 * @throws DataSourceError when it exists, or its place cannot be written
 */
export async function createRecords(path: string, backend: Backend): Promise<RecordWriter> {
  return backend === "LMDB" ? createLmdb(path) : createLevelDb(path);
}

/**
 * The records of a database in the order of their keys. The bytes of one are views, good until the
 * next is asked for.
 * @throws DataSourceError when there is no such database, or it is damaged
 */
export async function* readRecords(path: string, backend: Backend): AsyncGenerator<StoredRecord> {
  if (backend === "LMDB") {
    const reader = openLmdb(path);
    try {
      yield* lmdbRecords(reader);
    } finally {
      reader.close();
    }
    return;
  }
  const reader = await openLevelDb(path);
  try {
    yield* levelDbRecords(reader);
  } finally {
    reader.close();
  }
}

function* lmdbRecords(reader: LmdbReader): Generator<StoredRecord> {
  const cursor = reader.cursor();
  for (let isThere = cursor.first(); isThere; isThere = cursor.next()) {
    yield { key: cursor.key, value: cursor.value };
  }
}

async function* levelDbRecords(reader: LevelDbReader): AsyncGenerator<StoredRecord> {
  const walk = reader.walk();
  for (;;) {
    const records = await walk.next(1000);
    if (records.length === 0) return;
    for (const [key, value] of records) yield { key, value };
  }
}
