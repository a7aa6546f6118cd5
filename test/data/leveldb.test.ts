import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Backend, createRecords, readRecords } from "../../src/data/index.ts";
import { DataSourceError } from "../../src/errors.ts";
import type { TestRecord } from "../support/lmdb-file.ts";
import { asText, numbered } from "../support/lmdb-records.ts";
import { hasPythonModule, runPython } from "../support/python.ts";
import { hasShared, sharedPath } from "../support/shared.ts";
import { temporaryFolder } from "../support/solver.ts";

async function write(path: string, records: readonly TestRecord[], backend: Backend = "LEVELDB") {
  const writer = await createRecords(path, backend);
  for (const [key, value] of records) await writer.put(key, value);
  await writer.close();
}

async function readAll(path: string, backend: Backend = "LEVELDB"): Promise<[string, string][]> {
  const records: [string, string][] = [];
  for await (const { key, value } of readRecords(path, backend)) {
    records.push([Buffer.from(key).toString(), Buffer.from(value).toString("latin1")]);
  }
  return records;
}

/** Names, sizes and times of a folder's files. */
const state = (path: string) =>
  readdirSync(path).map((name) => {
    const { size, mtimeMs, ctimeMs } = statSync(join(path, name));
    return [name, size, mtimeMs, ctimeMs];
  });

const records = numbered(2500, (i) => (i % 100 === 0 ? 70000 : i % 400));

describe("the two kinds of databases", () => {
  test.each(["LEVELDB", "LMDB"] as const)("give back what was put: %s", async (backend) => {
    using folder = temporaryFolder();
    const path = join(folder.path, "sets", "db");
    const writer = await createRecords(path, backend);
    const value = Buffer.from("one");
    await writer.put("a", value);
    value.write("two");
    await writer.put("b", value);
    expect(existsSync(path)).toBe(false);
    expect(writer.entries).toBe(2);
    await writer.close();
    expect(readdirSync(join(folder.path, "sets"))).toEqual(["db"]);
    expect(await readAll(path, backend)).toEqual([
      ["a", "one"],
      ["b", "two"],
    ]);
    await expect(async () => writer.put("c", value)).rejects.toThrow(/not open for writing/);
    await expect(createRecords(path, backend)).rejects.toThrow(/db: exists already/);
  });

  test.each(["LEVELDB", "LMDB"] as const)("want ascending keys: %s", async (backend) => {
    using folder = temporaryFolder();
    const writer = await createRecords(join(folder.path, "db"), backend);
    await writer.put("b", Buffer.alloc(1));
    await expect(async () => writer.put("a", Buffer.alloc(1))).rejects.toThrow(
      /db: the key a comes after b; put the records in the order of their keys/,
    );
    await expect(async () => writer.put("b", Buffer.alloc(1))).rejects.toThrow(
      /two records have the key b/,
    );
    await writer.abort();
    expect(readdirSync(folder.path)).toEqual([]);
    await writer.abort();
  });
});

describe("a LevelDB", () => {
  test("is read as it was written, in the order of its keys", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "db");
    await write(path, records);
    expect(await readAll(path)).toEqual(asText(records));
  });

  test("stays as it is when it is read, and many may read it at a time", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "db");
    await write(
      path,
      numbered(5, () => 3),
    );
    const before = state(path);
    const views = () => readdirSync(tmpdir()).filter((name) => name.startsWith("cortado-leveldb-"));
    const others = views();
    const readers = [readRecords(path, "LEVELDB"), readRecords(path, "LEVELDB")];
    const first = await Promise.all(readers.map((reader) => reader.next()));
    expect(first.map(({ value }) => Buffer.from(value!.key).toString())).toEqual([
      "00000000",
      "00000000",
    ]);
    await Promise.all(readers.map((reader) => reader.return(undefined)));
    expect(state(path)).toEqual(before);
    expect(views().filter((name) => !others.includes(name))).toEqual([]);
  });

  test("is found under a relative path", async () => {
    using folder = temporaryFolder();
    await write(
      join(folder.path, "db"),
      numbered(2, () => 1),
    );
    const before = process.cwd();
    process.chdir(folder.path);
    try {
      expect(await readAll("db")).toHaveLength(2);
    } finally {
      process.chdir(before);
    }
  });

  test("may have its records in the log still, as a program leaves it", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "db");
    const { ClassicLevel } = await import("classic-level");
    const options = { keyEncoding: "view", valueEncoding: "view" } as const;
    const database = new ClassicLevel<Uint8Array, Uint8Array>(path, options);
    await database.put(Buffer.from("k"), Buffer.from("v"));
    await database.close();
    expect(readdirSync(path).some((name) => name.endsWith(".ldb"))).toBe(false);
    expect(await readAll(path)).toEqual([["k", "v"]]);
    expect(readdirSync(path).some((name) => name.endsWith(".ldb"))).toBe(false);
  });

  /** Keys that a program has put, and that lie in the log yet. */
  async function writeLog(path: string, keys: readonly string[]): Promise<Buffer> {
    const { ClassicLevel } = await import("classic-level");
    const database = new ClassicLevel(path, { writeBufferSize: 2 ** 24 });
    for (const key of keys) await database.put(key, key.repeat(3000));
    await database.close();
    return readFileSync(join(path, "000003.log"));
  }

  test("whose log is damaged says where; LevelDB would leave the records out", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "db");
    const keys = Array.from({ length: 40 }, (_, i) => `${100 + i}`);
    const log = await writeLog(path, keys);
    expect(log.length).toBeGreaterThan(10 * 32768);
    expect((await readAll(path)).map(([key]) => key)).toEqual(keys);
    for (const at of [0, 5, 6, 9, 32767, 32768, 100_000, log.length - 1]) {
      const changed = Buffer.from(log);
      changed[at]! ^= 0x10;
      writeFileSync(join(path, "000003.log"), changed);
      await expect(readAll(path), `byte ${at}`).rejects.toThrow(
        /db\/000003\.log: damaged at byte \d+: the checksum of its record does not fit/,
      );
    }
    // A writer that was stopped in the middle of a record.
    writeFileSync(join(path, "000003.log"), log.subarray(0, log.length - 5));
    expect((await readAll(path)).map(([key]) => key)).toEqual(keys.slice(0, -1));
  });

  test.skipIf(!hasShared)("of convert_imageset is read in place (needs ../shared)", async () => {
    const path = sharedPath("golden/data/leveldb_converted/db");
    const keys = (await readAll(path)).map(([key]) => key);
    const expected = [0, 1, 2, 3, 4].map((i) => `0000000${i}_${i}.png`);
    expect(keys).toEqual(expected);
  });

  test.skipIf(!hasPythonModule("plyvel"))(
    "of ours is what stock LevelDB reads, and the reverse (needs python3-plyvel)",
    async () => {
      using folder = temporaryFolder();
      const path = join(folder.path, "ours");
      await write(path, records);
      const read = runPython(
        `import json, sys, plyvel
path = json.load(sys.stdin)
print(json.dumps([[k.decode(), v.decode("latin1")] for k, v in plyvel.DB(path)]))`,
        path,
      );
      expect(read).toEqual(asText(records));
      const theirs = join(folder.path, "theirs");
      runPython(
        `import json, sys, plyvel
path, records = json.load(sys.stdin)
db = plyvel.DB(path, create_if_missing=True, block_size=65536, write_buffer_size=50000)
for k, v in records: db.put(k.encode(), v.encode("latin1"))
db.close(); print(0)`,
        [theirs, asText(records)],
      );
      expect(readdirSync(theirs).filter((name) => name.endsWith(".ldb")).length).toBeGreaterThan(1);
      expect(await readAll(theirs)).toEqual(asText(records));
    },
  );
});

describe("a folder that is no sound LevelDB", () => {
  const cases: [string, (path: string) => void, RegExp][] = [
    ["is missing", () => {}, /Invalid argument: .*db: does not exist .*: there is no such folder/],
    ["is empty", (path) => mkdirSync(path), /does not exist .*: the folder holds no LevelDB/],
    ["is a file", (path) => writeFileSync(path, ""), /a LevelDB is a folder, and this is a file/],
    [
      "is an LMDB",
      (path) => {
        mkdirSync(path);
        writeFileSync(join(path, "data.mdb"), "");
      },
      /it is an LMDB: write "backend: LMDB" in data_param/,
    ],
    [
      "names no descriptor",
      (path) => {
        mkdirSync(path);
        writeFileSync(join(path, "CURRENT"), "x");
      },
      /Corruption: CURRENT file does not end with newline/,
    ],
    [
      "names a descriptor that is gone",
      (path) => {
        mkdirSync(path);
        writeFileSync(join(path, "CURRENT"), "MANIFEST-000009\n");
      },
      /IO error: .*db\/MANIFEST-000009: No such file or directory/,
    ],
  ];

  test.each(cases)("gets one line when it %s", async (_, make, message) => {
    using folder = temporaryFolder();
    const path = join(folder.path, "db");
    make(path);
    const reading = readAll(path);
    await expect(reading).rejects.toThrow(DataSourceError);
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toThrow(/^Failed to open leveldb .*db: /);
    await expect(reading).rejects.not.toThrow(/cortado-leveldb-/);
  });

  test("gets one line when a file of it is cut off anywhere, or bytes are changed", async () => {
    using folder = temporaryFolder();
    const whole = join(folder.path, "whole");
    await write(
      whole,
      numbered(40, (i) => i * 7),
    );
    const path = join(folder.path, "db");
    cpSync(whole, path, { recursive: true });
    const names = readdirSync(path).filter((name) => /ldb$|^MANIFEST|^CURRENT/.test(name));
    expect(names).toHaveLength(3);
    for (const name of names) {
      const bytes = readFileSync(join(whole, name));
      for (let step = 0; step < 12; step++) {
        const at = Math.floor((step * bytes.length) / 12);
        truncateSync(join(path, name), at);
        await expect(readAll(path), `${name} cut at ${at}`).rejects.toThrow(DataSourceError);
        const changed = Buffer.from(bytes);
        changed[at]! ^= 0xff;
        writeFileSync(join(path, name), changed);
        // Blocks carry checksums that LevelDB looks at when it is told to; Caffe does not.
        await readAll(path).catch((error: unknown) =>
          expect(error).toBeInstanceOf(DataSourceError),
        );
      }
      copyFileSync(join(whole, name), join(path, name));
    }
    expect(await readAll(path)).toHaveLength(40);
  });
});
