import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createLmdb, keyText, openLmdb } from "../../src/data/index.ts";
import { temporaryFolder } from "../support/solver.ts";

test("a database of more than a gigabyte is written and read", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "db");
  const count = 20_000;
  const value = Buffer.alloc(65_000);
  const writer = createLmdb(path);
  for (let i = 0; i < count; i++) {
    value.writeUInt32LE(i, 0);
    value.writeUInt32LE(i, value.length - 4);
    writer.put(String(i).padStart(8, "0"), value);
  }
  await writer.close();
  expect(statSync(join(path, "data.mdb")).size).toBeGreaterThan(1.3e9);
  const reader = openLmdb(path);
  const cursor = reader.cursor();
  for (let i = 0; i < count; i++) {
    expect(cursor.next()).toBe(true);
    expect(keyText(cursor.key)).toBe(String(i).padStart(8, "0"));
    const view = new DataView(cursor.value.buffer, cursor.value.byteOffset, cursor.value.length);
    expect(view.getUint32(0, true)).toBe(i);
    expect(view.getUint32(value.length - 4, true)).toBe(i);
  }
  expect(cursor.next()).toBe(false);
  reader.close();
  const { stdout, error } = spawnSync("mdb_stat", [path], { encoding: "utf8" });
  if (!error) expect(stdout).toContain(`Entries: ${count}\n`);
}, 120_000);
