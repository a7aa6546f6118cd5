/** @file Fuzzing of databases: every record is read, as a Data layer reads them. */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createRecords, openLmdb, readRecords } from "../../../src/data/index.ts";
import { writeLmdbFile } from "../../support/lmdb-file.ts";
import { numbered } from "../../support/lmdb-records.ts";
import type { Format } from "../format.ts";
import { mutateBytes } from "../mutate-bytes.ts";

function inFolder<T>(act: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "cortado-seed-"));
  try {
    return act(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const lmdb: Format = {
  name: "lmdb",
  seeds: () =>
    inFolder((folder) => {
      const file = join(folder, "data.mdb");
      return [
        { records: numbered(0, () => 0) },
        { records: numbered(3, () => 20) },
        { records: numbered(24, (i) => (i % 5 === 0 ? 3000 : 30)), maxNodes: 5 },
      ].map(({ records, ...options }) => {
        writeLmdbFile(file, records, options);
        return readFileSync(file);
      });
    }),
  mutate: mutateBytes,
  attempt(bytes, folder) {
    const file = join(folder, "data.mdb");
    writeFileSync(file, bytes);
    const reader = openLmdb(file);
    try {
      const cursor = reader.cursor();
      while (cursor.next());
      for (const key of ["00000002", "00000002x", ""]) cursor.seek(key);
      reader.get("00000017");
    } finally {
      reader.close();
    }
  },
};

/** The files of a folder, one after the other: name, length and content. */
interface Member {
  readonly name: string;
  readonly bytes: Uint8Array;
}

function pack(members: readonly Member[]): Uint8Array {
  return Buffer.concat(
    members.flatMap(({ name, bytes }) => [Buffer.from(`${name} ${bytes.length}\n`), bytes]),
  );
}

function unpack(bytes: Uint8Array): Member[] {
  const buffer = Buffer.from(bytes);
  const members: Member[] = [];
  let at = 0;
  while (at < buffer.length) {
    const end = buffer.indexOf("\n", at);
    if (end < 0) break;
    const [name, length] = buffer.toString("utf8", at, end).split(" ");
    members.push({
      name: basename(name!),
      bytes: buffer.subarray(end + 1, end + 1 + Number(length)),
    });
    at = end + 1 + Number(length);
  }
  return members;
}

export const leveldb: Format = {
  name: "leveldb",
  async seeds() {
    const folder = mkdtempSync(join(tmpdir(), "cortado-seed-"));
    try {
      const path = join(folder, "db");
      const writer = await createRecords(path, "LEVELDB");
      for (let i = 0; i < 40; i++) await writer.put(`k${i + 100}`, Buffer.alloc(3 * i, i));
      await writer.close();
      const names = readdirSync(path).filter((name) => name !== "LOCK" && !name.startsWith("LOG"));
      return [pack(names.map((name) => ({ name, bytes: readFileSync(join(path, name)) })))];
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  mutate(seed, random, others) {
    const members = unpack(seed);
    const at = random.below(members.length);
    const parts = others.flatMap((other) => unpack(other).map(({ bytes }) => bytes));
    const bytes = mutateBytes(members[at]!.bytes, random, parts);
    return pack(members.with(at, { ...members[at]!, bytes }));
  },
  async attempt(bytes, folder) {
    const path = join(folder, "db");
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path);
    for (const member of unpack(bytes)) writeFileSync(join(path, member.name), member.bytes);
    for await (const _ of readRecords(path, "LEVELDB"));
  },
};
