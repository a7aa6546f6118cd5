/** @file How errors of files that a prototxt names tell the files. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { Net } from "../../src/net/net.ts";
import { parsePrototxt } from "../../src/schema/index.ts";

const folder = mkdtempSync(join(tmpdir(), "cortado-source-"));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const net = () =>
  parsePrototxt(
    'layer { name: "d" type: "Data" top: "x" data_param { source: "no/db" batch_size: 1 } }',
    { message: "NetParameter", fileName: "net.prototxt" },
  );

test("names are told as the net writes them where they are meant from the working directory", async () => {
  await expect(Net.load(net())).rejects.toThrow(
    'net.prototxt:1:54: layer "d" (Data): Failed to open leveldb no/db: Invalid argument: no/db: does not exist',
  );
});

test("names are told in full where they are meant from another folder", async () => {
  await expect(Net.load(net(), { root: folder })).rejects.toThrow(
    `Failed to open leveldb ${join(folder, "no/db")}: `,
  );
});
