import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { decodeDatum, keyText, readRecords } from "../../src/data/index.ts";
import { runIn } from "../support/golden-cli.ts";
import { hasShared, sharedPath } from "../support/shared.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { toolLog } from "../support/tool-log.ts";

const at = temporaryFolder("mnist");

/** A header of big-endian words, and bytes after it. */
function idx(words: readonly number[], bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(4 * words.length);
  for (const [i, word] of words.entries()) header.writeUInt32BE(word, 4 * i);
  return Buffer.concat([header, bytes]);
}

const pixels = Uint8Array.from({ length: 3 * 6 }, (_, i) => 250 + i);
const images = idx([2051, 3, 2, 3], pixels);
const labels = idx([2049, 3], Uint8Array.of(7, 0, 200));

async function records(name: string, backend: "LMDB" | "LEVELDB") {
  const found = [];
  for await (const { key, value } of readRecords(at(name), backend)) {
    // Exactly these fields: a label of 0 is stored, too, and `encoded` is not.
    found.push({ key: keyText(key), ...decodeDatum(value) });
  }
  return found;
}

function put(name: string, bytes: Uint8Array): void {
  writeFileSync(at(name), bytes);
}

put("images", images);
put("labels", labels);
put("images.gz", gzipSync(images));
put("labels.gz", gzipSync(labels));

describe("convert-mnist-data", () => {
  test.each([
    ["images", "labels", "lmdb"],
    ["images.gz", "labels", "lmdb"],
    ["images", "labels.gz", "leveldb"],
  ])("%s and %s become a database of kind %s", async (image, label, backend) => {
    const name = `${image}-${backend}`;
    const args = ["convert_mnist_data", image, label, name, `--backend=${backend}`];
    const { code, err } = await runIn(at(), args);
    expect(code, err.at(-1)).toBe(0);
    expect(toolLog(err)).toEqual([
      backend === "lmdb"
        ? `I db_lmdb.cpp:35] Opened lmdb ${name}`
        : `I db_leveldb.cpp:18] Opened leveldb ${name}`,
      "I convert_mnist_data.cpp:88] A total of 3 items.",
      "I convert_mnist_data.cpp:89] Rows: 2 Cols: 3",
      "I convert_mnist_data.cpp:108] Processed 3 files.",
    ]);
    const shape = { channels: 1, height: 2, width: 3 };
    expect(await records(name, backend === "lmdb" ? "LMDB" : "LEVELDB")).toEqual([
      {
        key: "00000000",
        ...shape,
        data: pixels.slice(0, 6),
        label: 7,
      },
      {
        key: "00000001",
        ...shape,
        data: pixels.slice(6, 12),
        label: 0,
      },
      {
        key: "00000002",
        ...shape,
        data: pixels.slice(12),
        label: 200,
      },
    ]);
  });

  test.each([
    [["nope", "labels", "db"], "Unable to open file"],
    [["images", "nope", "db"], "Unable to open file"],
    [["labels", "labels", "db"], "Incorrect image file magic."],
    [["images", "images", "db"], "Incorrect label file magic."],
    [["images", "two", "db"], "3 images, but"],
    [["cut", "labels", "db"], "cut off: it ends at item 2 of 3"],
    [["images", "cut-labels", "db"], "cut off: it ends at item 1 of 3"],
    [["cut.gz", "labels", "db"], "cannot be read: unexpected end of file"],
    [["empty", "labels", "db"], "Incorrect image file magic."],
    [
      ["images", "labels"],
      "missing DB; usage: cortado convert-mnist-data IMAGES LABELS DB [flags]",
    ],
    [["images", "labels", "images-lmdb"], "mkdir images-lmdb failed: it exists already."],
    [["images", "labels", "db", "--backend=x"], 'Unknown database backend "x"'],
  ])("%j: one line, code 1, and nothing left behind", async (args, message) => {
    put("two", idx([2049, 2], Uint8Array.of(1, 2)));
    put("cut", images.subarray(0, -1));
    put("cut-labels", labels.subarray(0, -2));
    put("cut.gz", gzipSync(images).subarray(0, 30));
    put("empty", Buffer.alloc(0));
    const before = readdirSync(at());
    const { code, err } = await runIn(at(), ["convert-mnist-data", ...args]);
    expect(code).toBe(1);
    const errors = err.filter((line) => line.startsWith("cortado: "));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(message);
    expect(existsSync(at("db"))).toBe(false);
    expect(readdirSync(at())).toEqual(before);
  });

  test.skipIf(!hasShared)("converts the digits of MNIST (needs ../shared)", async () => {
    const file = (name: string) => sharedPath("data/mnist", name);
    const args = [file("t10k-images-idx3-ubyte.gz"), file("t10k-labels-idx1-ubyte.gz"), "t10k"];
    const { code, err } = await runIn(at(), ["convert-mnist-data", ...args]);
    expect(code).toBe(0);
    expect(err.at(-1)).toMatch(/convert_mnist_data.cpp:108\] Processed 10000 files.$/);
    const raw = gunzipSync(readFileSync(args[0]!));
    let count = 0;
    for await (const { key, value } of readRecords(at("t10k"), "LMDB")) {
      const from = 16 + 784 * count;
      if (keyText(key) !== String(count).padStart(8, "0")) throw new Error(keyText(key));
      if (!raw.subarray(from, from + 784).equals(decodeDatum(value).data!)) {
        throw new Error(`digit ${count} differs`);
      }
      count++;
    }
    expect(count).toBe(10000);
  });
});
