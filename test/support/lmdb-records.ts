/** @file Records for tests of databases, and reading them back. */
import { type LmdbReader, keyText, openLmdb } from "../../src/data/index.ts";
import type { TestRecord } from "./lmdb-file.ts";

/** Keys and values of a database as text, in their order. */
export function readAll(path: string): [string, string][] {
  const reader = openLmdb(path);
  try {
    return all(reader);
  } finally {
    reader.close();
  }
}

/** Keys and values as text, in the cursor's order. */
function all(reader: LmdbReader): [string, string][] {
  const records: [string, string][] = [];
  const cursor = reader.cursor();
  while (cursor.next()) {
    records.push([keyText(cursor.key), Buffer.from(cursor.value).toString("latin1")]);
  }
  return records;
}

/** `count` records with ascending keys, and values of lengths that `bytes` gives. */
export function numbered(count: number, bytes: (i: number) => number): TestRecord[] {
  return Array.from({ length: count }, (_, i) => [
    String(i).padStart(8, "0"),
    Buffer.alloc(bytes(i), i % 251),
  ]);
}

/** Records as `readAll` gives them. */
export const asText = (records: readonly TestRecord[]) =>
  records.map(([key, value]) => [key, Buffer.from(value).toString("latin1")]);
