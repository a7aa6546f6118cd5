import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createLmdb, encodeDatum } from "../../src/data/index.ts";
import { DataSourceError } from "../../src/errors.ts";
import { type TestRecord, writeLmdbFile } from "../support/lmdb-file.ts";
import { asText, numbered, readAll } from "../support/lmdb-records.ts";
import { hasPythonModule, runPython } from "../support/python.ts";
import { hasBuild, startBuilt } from "../support/run-built.ts";
import { temporaryFolder } from "../support/solver.ts";

const mixed = numbered(400, (i) => (i % 25 === 0 ? 9000 : i % 300));

async function write(path: string, records = mixed): Promise<void> {
  const writer = createLmdb(path);
  for (const [key, value] of records) writer.put(key, value);
  await writer.close();
}

test("the folder has its name only when it is whole, and holds nothing but the data", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "sets", "train.lmdb");
  const writer = createLmdb(path);
  writer.put("a", Buffer.from("1"));
  expect(existsSync(path)).toBe(false);
  expect(writer.entries).toBe(1);
  await writer.close();
  expect(readdirSync(path)).toEqual(["data.mdb"]);
  expect(readdirSync(join(folder.path, "sets"))).toEqual(["train.lmdb"]);
  expect(() => writer.put("b", Buffer.from("2"))).toThrow(/not open for writing/);
});

test("the caller may change a value after it was put", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "db");
  const writer = createLmdb(path);
  const value = Buffer.from("one");
  writer.put("a", value);
  value.write("two");
  writer.put("b", value);
  await writer.close();
  expect(readAll(path)).toEqual([
    ["a", "one"],
    ["b", "two"],
  ]);
});

test("keys in ascending order fill their pages", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "db");
  await write(
    path,
    numbered(3000, () => 800),
  );
  // 4 records of 832 bytes a page of 4096.
  expect(statSync(join(path, "data.mdb")).size).toBeLessThan((3000 / 4) * 4096 * 1.05);
});

test("keys that do not ascend are refused, and the others stay", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "db");
  const writer = createLmdb(path);
  writer.put("b", Buffer.from("1"));
  expect(() => writer.put("a", Buffer.from("2"))).toThrow(
    /db: the key a comes after b; put the records in the order of their keys/,
  );
  expect(() => writer.put("b", Buffer.from("2"))).toThrow(/db: two records have the key b/);
  // Bytes count, not letters: "é" is 0xc3 0xa9.
  writer.put("é", Buffer.from("3"));
  await writer.close();
  expect(readAll(path)).toEqual([
    ["b", "1"],
    ["é", "3"],
  ]);
});

test("hundreds of databases in one process leave no memory mapped and no file open", async () => {
  using folder = temporaryFolder();
  const open = () => readdirSync("/proc/self/fd").length;
  const before = open();
  for (let i = 0; i < 150; i++) {
    const writer = createLmdb(join(folder.path, String(i)));
    writer.put("a", Buffer.from("1"));
    if (i % 2) await writer.close();
    else await writer.abort();
  }
  expect(open()).toBeLessThanOrEqual(before);
  expect(readdirSync(folder.path)).toHaveLength(75);
});

test("an aborted writer leaves nothing", async () => {
  using folder = temporaryFolder();
  const writer = createLmdb(join(folder.path, "db"));
  writer.put("a", Buffer.from("1"));
  await writer.abort();
  await writer.abort();
  expect(readdirSync(folder.path)).toEqual([]);
});

test("keys are 1 to 511 bytes long", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "db");
  const writer = createLmdb(path);
  expect(() => writer.put("", Buffer.from("1"))).toThrow(/a key has 1 to 511 bytes, not 0/);
  expect(() => writer.put("k".repeat(512), Buffer.from("1"))).toThrow(DataSourceError);
  writer.put("k".repeat(511), Buffer.from("1"));
  await writer.close();
  expect(readAll(path)).toEqual([["k".repeat(511), "1"]]);
});

test("a folder that exists is left alone", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "db");
  mkdirSync(path);
  expect(() => createLmdb(path)).toThrow(/db: exists already\. Delete it, or choose another name/);
  expect(readdirSync(folder.path)).toEqual(["db"]);
});

describe.skipIf(!hasBuild)("processes of their own (needs the build)", () => {
  const imports = { "data/index.js": "createLmdb" };

  test("a full disk is an error of one line and leaves nothing", async () => {
    using folder = temporaryFolder();
    const body = `
      try {
        const writer = createLmdb(${JSON.stringify(join(folder.path, "db"))});
        for (let i = 0; i < 100; i++) writer.put(String(i).padStart(4, "0"), Buffer.alloc(100_000, i));
        await writer.close();
        console.log("written");
      } catch (error) {
        console.log(error.name + ": " + error.message);
      }`;
    const { ended } = startBuilt(imports, body, { fileBytes: 2 ** 20 });
    const { code, output } = await ended;
    expect(output).toMatch(/^DataSourceError: .*db: the LMDB cannot be written: .+\n$/);
    expect(code).toBe(0);
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("a killed writer leaves no folder of that name", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "db");
    const body = `
      const writer = createLmdb(${JSON.stringify(path)});
      writer.put("a", Buffer.from("1"));
          console.log("put");
      setInterval(() => {}, 1000);`;
    const { child, ended } = startBuilt(imports, body);
    await new Promise((resolve) => child.stdout!.once("data", resolve));
    child.kill("SIGKILL");
    await ended;
    expect(existsSync(path)).toBe(false);
    await write(path);
    expect(readAll(path)).toEqual(asText(mixed));
  });
});

const hasTools = spawnSync("mdb_stat", ["-V"]).status === 0;

describe.skipIf(!hasTools)("liblmdb's own tools (needs lmdb-utils)", () => {
  const run = (tool: string, ...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(tool, args, { encoding: "latin1" });
    expect(stderr + status).toBe("0");
    return stdout;
  };

  test("mdb_stat, mdb_dump and mdb_copy read what the writer wrote", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "db");
    await write(path);
    expect(run("mdb_stat", path)).toContain(`Entries: ${mixed.length}\n`);
    const dump = run("mdb_dump", path).split("\n");
    const lines = dump.slice(dump.indexOf("HEADER=END") + 1, dump.indexOf("DATA=END"));
    const hex = (value: Uint8Array | string) => ` ${Buffer.from(value as string).toString("hex")}`;
    expect(lines).toEqual(mixed.flatMap(([key, value]) => [hex(key), hex(value)]));
    const copy = join(folder.path, "copy");
    mkdirSync(copy);
    run("mdb_copy", "-c", path, copy);
    expect(readAll(copy)).toEqual(asText(mixed));
  });

  test("the tests' own builder of files makes what liblmdb takes for sound", () => {
    using folder = temporaryFolder();
    writeLmdbFile(join(folder.path, "data.mdb"), mixed, { maxNodes: 9 });
    expect(run("mdb_stat", folder.path)).toContain(`Entries: ${mixed.length}\n`);
    expect(run("mdb_dump", folder.path).split("\n").length).toBeGreaterThan(2 * mixed.length);
  });
});

describe.skipIf(!hasPythonModule("lmdb"))("py-lmdb (needs python3-lmdb)", () => {
  test("what it wrote, deleted and wrote again is read", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "db");
    const script = `
import json, lmdb, sys
path, n = json.load(sys.stdin)
env = lmdb.open(path, map_size=2**28)
value = lambda i: bytes([i % 251]) * (7 * i % 6000)
with env.begin(write=True) as txn:
    for i in range(n): txn.put(b"%08d" % (i * 7919 % n), b"x")
with env.begin(write=True) as txn:
    for i in range(0, n, 3): txn.delete(b"%08d" % i)
with env.begin(write=True) as txn:
    for i in range(n):
        if i % 3: txn.put(b"%08d" % i, value(i))
env.close()
print(n - (n + 2) // 3)`;
    const count = runPython(script, [path, 2000]);
    const records = readAll(path);
    expect(records).toHaveLength(count as number);
    for (const [key, value] of records) {
      const i = Number(key);
      expect(value).toBe(String.fromCharCode(i % 251).repeat((7 * i) % 6000));
    }
  });

  test("a database it holds open for writing is read as of its last commit", () => {
    using folder = temporaryFolder();
    const script = `
import json, lmdb, shutil, sys
path, copy = json.load(sys.stdin)
env = lmdb.open(path, map_size=2**28)
with env.begin(write=True) as txn: txn.put(b"a", b"1")
open_txn = env.begin(write=True)
open_txn.put(b"b", b"2")
shutil.copy(path + "/data.mdb", copy)
open_txn.abort()
print(1)`;
    const copy = join(folder.path, "copy.mdb");
    runPython(script, [join(folder.path, "db"), copy]);
    expect(readAll(copy)).toEqual([["a", "1"]]);
  });

  test("it finds, deletes and adds records in what the writer wrote, for any number of pages", async () => {
    using folder = temporaryFolder();
    // 7 keys of 500 bytes fit a branch page, so that these trees have lone last nodes on all levels.
    const counts = [1, 7, 8, 49, 50, 51, 57, 344, 350, 351];
    const paths = counts.map((count) => join(folder.path, String(count)));
    for (const [i, count] of counts.entries()) {
      const long = Array.from({ length: count }, (_, n): TestRecord => {
        return [`${String(n).padStart(5, "0")}${"k".repeat(495)}`, Buffer.alloc(1500, n)];
      });
      await write(paths[i]!, long);
    }
    const script = `
import json, lmdb, sys
def check(path):
    env = lmdb.open(path, map_size=2**26)
    with env.begin() as txn: keys = [k for k, v in txn.cursor() if txn.get(k) == v]
    with env.begin(write=True) as txn:
        for k in keys[::2]: assert txn.delete(k)
    with env.begin(write=True) as txn:
        for i in range(300): assert txn.put(b"new%05d" % i, b"x" * (i * 31 % 5000))
    with env.begin() as txn: left = sum(txn.get(k) == v for k, v in txn.cursor())
    return [len(keys), left]
print(json.dumps([check(path) for path in json.load(sys.stdin)]))`;
    expect(runPython(script, paths)).toEqual(
      counts.map((count) => [count, Math.floor(count / 2) + 300]),
    );
    for (const [i, path] of paths.entries()) {
      expect(readAll(path)).toHaveLength(Math.floor(counts[i]! / 2) + 300);
    }
  });

  test("it reads the datums that the writer wrote", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "db");
    const datum = encodeDatum({
      channels: 1,
      height: 2,
      width: 2,
      data: Uint8Array.of(1, 2, 3, 4),
    });
    await write(path, [["only", datum]]);
    const script = `
import json, lmdb, sys
env = lmdb.open(json.load(sys.stdin), readonly=True, lock=False)
with env.begin() as txn: print(json.dumps([[k.decode(), list(v)] for k, v in txn.cursor()]))`;
    expect(runPython(script, path)).toEqual([["only", [...datum]]]);
  });
});

test("a copy of the data file alone is a database", async () => {
  using folder = temporaryFolder();
  await write(join(folder.path, "db"));
  const copy = join(folder.path, "anything.bin");
  copyFileSync(join(folder.path, "db", "data.mdb"), copy);
  expect(readAll(copy)).toEqual(asText(mixed));
});
