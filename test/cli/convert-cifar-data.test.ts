import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { cifarRecords } from "../../src/plugins/cifar/index.ts";
import { cifarBatch, image, readable } from "../support/cifar.ts";
import { runIn } from "../support/golden-cli.ts";
import { temporaryFolder } from "../support/temporary.ts";

const at = temporaryFolder("cifar");

mkdirSync(at("bin"));
writeFileSync(at("bin", "data_batch_1.bin"), cifarBatch(1));
writeFileSync(at("bin", "data_batch_3.bin.gz"), gzipSync(cifarBatch(3), { level: 1 }));
writeFileSync(at("bin", "test_batch.bin"), cifarBatch(6));

describe("convert-cifar-data", () => {
  test.each([1, 3, "test"] as const)(
    "reads the images of batch %s in their order",
    async (name) => {
      const first = name === "test" ? 0 : (name - 1) * 10000;
      const fill = name === "test" ? 6 : name;
      let n = 0;
      for await (const { key, value } of cifarRecords(at("bin"), name)) {
        if (n % 997 === 0) expect(readable(key, value)).toEqual(image(first + n, n, fill));
        n++;
      }
      expect(n).toBe(10000);
    },
  );

  test.each([
    [["bin", "other"], "missing lmdb|leveldb; usage: cortado convert-cifar-data"],
    [["bin", "other", "rocksdb"], 'Unknown database backend "rocksdb"'],
    [["nowhere", "other", "lmdb"], "Unable to open train file #1"],
    [["cut", "other", "leveldb"], "cut off: it ends at image 1 of 10000"],
    [["bin", ".", "lmdb"], "mkdir ./cifar10_train_lmdb failed: it exists already."],
  ])("%j: one line, code 1, and no database", async (args, message) => {
    mkdirSync(at("cifar10_train_lmdb"), { recursive: true });
    mkdirSync(at("cut"), { recursive: true });
    writeFileSync(at("cut/data_batch_1.bin"), Buffer.alloc(2 * 3073 - 1));
    const { code, err } = await runIn(at(), ["convert-cifar-data", ...args]);
    expect(code).toBe(1);
    const errors = err.filter((line) => line.startsWith("cortado: "));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(message);
    const left = readdirSync(at()).includes("other") ? readdirSync(at("other")) : [];
    expect(left).toEqual([]);
  });
});
