import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DataSourceError } from "../../src/errors.ts";
import { writeLmdbFile } from "../support/lmdb-file.ts";
import { numbered, readAll } from "../support/lmdb-records.ts";
import { temporaryFolder } from "../support/solver.ts";

/** The error of reading everything; undefined when there is none. */
function errorOf(path: string): unknown {
  try {
    readAll(path);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("damaged files", () => {
  test("cut off anywhere: an error with file and byte", () => {
    using folder = temporaryFolder();
    const whole = join(folder.path, "whole.mdb");
    const file = join(folder.path, "cut.mdb");
    writeLmdbFile(
      whole,
      numbered(120, (i) => (i % 10 === 0 ? 5000 : 200)),
    );
    const { size } = statSync(whole);
    for (let cut = 0; cut < size; cut += 331) {
      copyFileSync(whole, file);
      truncateSync(file, cut);
      const error = errorOf(file);
      expect(error, `cut at ${cut} of ${size}`).toBeInstanceOf(DataSourceError);
      expect(String(error)).toMatch(/cut\.mdb: damaged or cut off at byte \d+: .+/);
    }
  });

  test("with any bytes changed: an error or a whole reading, never anything else", () => {
    using folder = temporaryFolder();
    const file = join(folder.path, "data.mdb");
    writeLmdbFile(
      file,
      numbered(150, (i) => (i % 12 === 0 ? 4500 : 30)),
      { maxNodes: 12 },
    );
    const sound = readFileSync(file);
    // Page headers and node lists are a small part of the file: aim at them.
    const place = fc.oneof(
      fc.nat(sound.length - 1),
      fc.tuple(fc.nat(sound.length / 4096 - 1), fc.nat(63)).map(([page, at]) => 4096 * page + at),
    );
    const flips = fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(flips, (changes) => {
        const bytes = Buffer.from(sound);
        for (const [at, value] of changes) bytes[at] = value;
        writeFileSync(file, bytes);
        const error = errorOf(file);
        if (error !== undefined) expect(error).toBeInstanceOf(DataSourceError);
      }),
      { numRuns: 600 },
    );
  });

  test("pages that point back up the tree end the walk", () => {
    using folder = temporaryFolder();
    const file = join(folder.path, "data.mdb");
    writeLmdbFile(
      file,
      numbered(30, () => 3),
      { maxNodes: 5 },
    );
    const bytes = readFileSync(file);
    const root = bytes.readUInt32LE(128);
    const firstNode = root * 4096 + bytes.readUInt16LE(root * 4096 + 16);
    const secondNode = root * 4096 + bytes.readUInt16LE(root * 4096 + 18);
    bytes.writeUInt32LE(root, secondNode);
    writeFileSync(file, bytes);
    expect(() => readAll(file)).toThrow(/should be a leaf/);
    bytes.writeUInt32LE(bytes.readUInt32LE(firstNode), secondNode);
    writeFileSync(file, bytes);
    expect(() => readAll(file)).toThrow(/the key 00000000 comes after 00000024/);
  });

  test("fewer records than the header counts are noticed at the end", () => {
    using folder = temporaryFolder();
    const file = join(folder.path, "data.mdb");
    writeLmdbFile(
      file,
      numbered(5, () => 3),
    );
    const bytes = readFileSync(file);
    for (const meta of [0, 4096]) bytes.writeUInt32LE(6, meta + 120);
    writeFileSync(file, bytes);
    expect(() => readAll(file)).toThrow(/the header counts 6 records, but there are 5/);
  });

  test("a value that claims 4 GiB reserves nothing", () => {
    using folder = temporaryFolder();
    const file = join(folder.path, "data.mdb");
    writeLmdbFile(
      file,
      numbered(1, () => 5000),
    );
    const bytes = readFileSync(file);
    const root = bytes.readUInt32LE(128) * 4096;
    bytes.writeUInt32LE(0xffffffff, root + bytes.readUInt16LE(root + 16));
    writeFileSync(file, bytes);
    const before = process.memoryUsage().rss;
    expect(() => readAll(file)).toThrow(
      /a record needs pages 2 to 1048578 of 4096 bytes, but the file/,
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(32 * 2 ** 20);
  });
});
