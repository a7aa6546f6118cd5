import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createLmdb, decodeDatum, keyText, openLmdb } from "../../src/data/index.ts";
import { DataSourceError } from "../../src/errors.ts";
import { type FileOptions, type TestRecord, writeLmdbFile } from "../support/lmdb-file.ts";
import { asText, numbered, readAll } from "../support/lmdb-records.ts";
import { hasShared, sharedPath } from "../support/shared.ts";
import { temporaryFolder } from "../support/solver.ts";

describe.skipIf(!hasShared)("databases that Caffe wrote (needs ../shared)", () => {
  test.each(["ip1", "ip2"])("gives the records of extract_features' %s", (blob) => {
    const expected = JSON.parse(
      readFileSync(sharedPath("golden/cli/extract_features", `${blob}.json`), "utf8"),
    ) as { key: string; c: number; h: number; w: number; float_data: number[] }[];
    const reader = openLmdb(sharedPath("golden/cli/extract_features", `db_${blob}`));
    const cursor = reader.cursor();
    expect(reader.entries).toBe(expected.length);
    for (const record of expected) {
      expect(cursor.next()).toBe(true);
      const datum = decodeDatum(cursor.value);
      expect(keyText(cursor.key)).toBe(record.key);
      expect([datum.channels, datum.height, datum.width]).toEqual([record.c, record.h, record.w]);
      expect(datum.floatData).toEqual(Float32Array.from(record.float_data));
    }
    expect(cursor.next()).toBe(false);
    reader.close();
  });

  test.each(["convert_default", "convert_gray_resize", "convert_encode_type_png_resize"])(
    "gives the records of convert_imageset's %s",
    (name) => {
      const expected = JSON.parse(
        readFileSync(sharedPath("golden/data", name, "db_dump.json"), "utf8"),
      ) as { key: string; label: number; encoded: boolean; nbytes: number; sum: number }[];
      const reader = openLmdb(sharedPath("golden/data", name, "db/data.mdb"));
      const cursor = reader.cursor();
      const records = expected.map(() => {
        cursor.next();
        const { label, encoded, data } = decodeDatum(cursor.value);
        const sum = data!.reduce((total, byte) => total + byte, 0);
        return { key: keyText(cursor.key), label, encoded, nbytes: data!.length, sum };
      });
      expect(records).toEqual(
        expected.map(({ key, label, encoded, nbytes, sum }) => ({
          key,
          label,
          encoded,
          nbytes,
          sum,
        })),
      );
      reader.close();
    },
  );
});

describe("trees of all shapes", () => {
  const cases: [string, TestRecord[], FileOptions][] = [
    ["no records", [], {}],
    ["one record", numbered(1, () => 5), {}],
    ["an empty value", numbered(3, () => 0), {}],
    ["values around the size at which they leave the leaf", numbered(60, (i) => 2000 + i), {}],
    ["values of many pages", numbered(7, (i) => 70_000 * (i % 3)), {}],
    ["depth 3", numbered(900, (i) => i % 40), { maxNodes: 10 }],
    ["depth 5 and more", numbered(400, (i) => i % 7), { maxNodes: 3 }],
    ["pages of 512 bytes", numbered(300, (i) => (i % 50 === 0 ? 3000 : 20)), { pageBytes: 512 }],
    ["pages of 16 KiB", numbered(500, (i) => (i % 50 === 0 ? 90_000 : 300)), { pageBytes: 16384 }],
    ["pages of 32 KiB", numbered(300, (i) => (i % 50 === 0 ? 90_000 : 900)), { pageBytes: 32768 }],
    [
      "pages beyond 8 GiB",
      numbered(300, (i) => (i % 50 === 0 ? 9000 : 90)),
      { firstPage: 2 ** 21 },
    ],
    [
      "page numbers of more than 32 bits",
      numbered(9, () => 9),
      { firstPage: 2 ** 32 + 7, pageBytes: 512 },
    ],
  ];

  test.each(cases)("reads %s", (_, records, options) => {
    using folder = temporaryFolder();
    const file = join(folder.path, "data.mdb");
    writeLmdbFile(file, records, options);
    expect(readAll(folder.path)).toEqual(asText(records));
  });

  test("finds any key, and the first one that is not less", () => {
    using folder = temporaryFolder();
    const records = numbered(500, (i) => (i % 30 === 0 ? 5000 : i % 20));
    writeLmdbFile(join(folder.path, "data.mdb"), records, { maxNodes: 6 });
    const reader = openLmdb(folder.path);
    const cursor = reader.cursor();
    for (const [key, value] of records) {
      expect(Buffer.from(reader.get(key)!)).toEqual(value);
      // The key less its last character, plus one that is between it and the key before.
      expect(cursor.seek(`${key}!`)).toBe(key !== records.at(-1)![0]);
      expect(reader.get(`${key}!`)).toBeUndefined();
    }
    expect(cursor.seek("")).toBe(true);
    expect(keyText(cursor.key)).toBe("00000000");
    cursor.seek("00000299x");
    expect(keyText(cursor.key)).toBe("00000300");
    expect(cursor.next()).toBe(true);
    expect(keyText(cursor.key)).toBe("00000301");
    reader.close();
  });

  test("a cursor starts again at the first record", () => {
    using folder = temporaryFolder();
    writeLmdbFile(
      join(folder.path, "data.mdb"),
      numbered(3, () => 1),
    );
    const reader = openLmdb(folder.path);
    const cursor = reader.cursor();
    while (cursor.next());
    expect(cursor.next()).toBe(false);
    expect(cursor.first()).toBe(true);
    expect(keyText(cursor.key)).toBe("00000000");
    reader.close();
    expect(() => cursor.next() && cursor.first()).toThrow(/was closed/);
  });

  test("what the writer wrote comes back", () => {
    const key = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes));
    const value = fc.oneof(
      fc.uint8Array({ maxLength: 50 }),
      fc.integer({ min: 1900, max: 9000 }).map((length) => new Uint8Array(length).fill(length)),
    );
    const records = fc.uniqueArray(fc.tuple(key, value), {
      maxLength: 60,
      selector: ([bytes]) => bytes.toString("hex"),
    });
    return fc.assert(
      fc.asyncProperty(records, async (written) => {
        using folder = temporaryFolder();
        const path = join(folder.path, "db");
        const writer = createLmdb(path);
        const sorted = written.toSorted(([a], [b]) => Buffer.compare(a, b));
        for (const [k, v] of sorted) writer.put(k, v);
        await writer.close();
        expect(readAll(path)).toEqual(
          sorted.map(([k, v]) => [keyText(k), Buffer.from(v).toString("latin1")]),
        );
      }),
      { numRuns: 25 },
    );
  });
});

describe("folders", () => {
  test("takes the folder or the file, and leaves no lock file behind", () => {
    using folder = temporaryFolder();
    const file = join(folder.path, "data.mdb");
    writeLmdbFile(
      file,
      numbered(3, () => 2),
    );
    chmodSync(file, 0o444);
    chmodSync(folder.path, 0o555);
    expect(readAll(folder.path)).toEqual(readAll(file));
    expect(readdirSync(folder.path)).toEqual(["data.mdb"]);
    chmodSync(folder.path, 0o755);
  });

  test("takes the newer of the two headers", () => {
    using folder = temporaryFolder();
    const file = join(folder.path, "data.mdb");
    writeLmdbFile(file, []);
    const empty = readFileSync(file).subarray(0, 4096);
    writeLmdbFile(
      file,
      numbered(3, () => 2),
    );
    const bytes = readFileSync(file);
    bytes.set(empty, 0);
    writeFileSync(file, bytes);
    expect(readAll(file)).toHaveLength(3);
    bytes.writeUInt32LE(2, 144);
    writeFileSync(file, bytes);
    expect(readAll(file)).toEqual([]);
  });

  const cases: [string, (path: string) => void, RegExp][] = [
    ["a missing folder", () => {}, /No such file or directory: .*db: there is no such LMDB/],
    ["an empty folder", (path) => mkdirSync(path), /db: no LMDB: the folder holds no data\.mdb/],
    [
      "a LevelDB",
      (path) => {
        mkdirSync(path);
        writeFileSync(join(path, "CURRENT"), "MANIFEST-000004\n");
      },
      /db: a LevelDB: write "backend: LEVELDB" in data_param/,
    ],
    ["an empty file", (path) => writeFileSync(path, ""), /at byte 0: the file is empty/],
    ["another file", (path) => writeFileSync(path, "x".repeat(9000)), /db: not an LMDB file/],
    [
      "a short file",
      (path) => writeFileSync(path, "short"),
      /cut off at byte 5: the file ends here/,
    ],
    ["format 2 with the same header", (path) => change(path, 20, 2), /data format 2 .* Convert it/],
    ["format 2 with its longer header", (path) => longHeader(path), /data format 2 .* Convert it/],
    ["several values under one key", (path) => change(path, 4096 + 92, 4), /several under one key/],
    ["a 32-bit machine's file", (path) => shortHeader(path), /32-bit or big-endian/],
  ];

  function change(path: string, at: number, value: number): void {
    writeLmdbFile(
      path,
      numbered(3, () => 3),
    );
    const bytes = readFileSync(path);
    bytes[at] = value;
    writeFileSync(path, bytes);
  }

  function longHeader(path: string): void {
    writeLmdbFile(path, []);
    const bytes = readFileSync(path);
    writeFileSync(
      path,
      Buffer.concat([bytes.subarray(0, 16), Buffer.alloc(8), bytes.subarray(16)]),
    );
  }

  function shortHeader(path: string): void {
    writeLmdbFile(path, []);
    const bytes = readFileSync(path);
    writeFileSync(path, Buffer.concat([bytes.subarray(0, 12), bytes.subarray(16)]));
  }

  test.each(cases)("names %s and says what to do", (_, make, message) => {
    using folder = temporaryFolder();
    const path = join(folder.path, "db");
    make(path);
    expect(() => openLmdb(path)).toThrow(DataSourceError);
    expect(() => openLmdb(path)).toThrow(message);
  });
});
