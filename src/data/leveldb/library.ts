/** @file The LevelDB library, loaded when a LevelDB is named for the first time. */
import type { ClassicLevel } from "classic-level";

/** Keys and values as bytes. */
export type Database = ClassicLevel<Uint8Array, Uint8Array>;

/** Caffe's own settings (BVLC db_leveldb.cpp): few large blocks and files. */
const SETTINGS = {
  keyEncoding: "view",
  valueEncoding: "view",
  blockSize: 65536,
  writeBufferSize: 256 * 2 ** 20,
  maxOpenFiles: 100,
} as const;

/**
 * Opens the database in a folder, which it locks and may write to.
 * @throws the library's error; `levelReason` says what it means
 */
export async function openDatabase(folder: string, isNew: boolean): Promise<Database> {
  const library = await import("classic-level");
  const database: Database = new library.ClassicLevel(folder, {
    ...SETTINGS,
    createIfMissing: isNew,
    errorIfExists: isNew,
  });
  await database.open();
  return database;
}

/** What LevelDB itself said: `Corruption: checksum mismatch`. */
export function levelReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
