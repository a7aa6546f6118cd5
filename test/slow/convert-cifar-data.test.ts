import { mkdirSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { readRecords } from "../../src/data/index.ts";
import { cifarBatch, image, readable } from "../support/cifar.ts";
import { runIn } from "../support/golden-cli.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { toolLog } from "../support/tool-log.ts";

const at = temporaryFolder("cifar");

test("all of CIFAR-10 becomes the databases that Caffe's cifar10 nets read", async () => {
  mkdirSync(at("bin"));
  for (const n of [1, 2, 3, 4, 5]) {
    const packed = gzipSync(cifarBatch(n), { level: 1 });
    writeFileSync(at("bin", `data_batch_${n}.bin.gz`), packed);
  }
  writeFileSync(at("bin", "test_batch.bin"), cifarBatch(6));
  const { code, err } = await runIn(at(), ["convert_cifar_data", "bin", "out", "lmdb"]);
  expect(code, err.at(-1)).toBe(0);
  expect(toolLog(err)).toEqual([
    "I db_lmdb.cpp:35] Opened lmdb out/cifar10_train_lmdb",
    "I convert_cifar_data.cpp:52] Writing Training data",
    ...[1, 2, 3, 4, 5].map((n) => `I convert_cifar_data.cpp:55] Training Batch ${n}`),
    "I db_lmdb.cpp:35] Opened lmdb out/cifar10_test_lmdb",
    "I convert_cifar_data.cpp:73] Writing Testing data",
  ]);
  for (const [stage, count, first] of [
    ["train", 50000, 1],
    ["test", 10000, 6],
  ] as const) {
    let n = 0;
    for await (const { key, value } of readRecords(at(`out/cifar10_${stage}_lmdb`), "LMDB")) {
      const fill = first + Math.floor(n / 10000);
      if (n % 997 === 0) expect(readable(key, value)).toEqual(image(n, n % 10000, fill));
      n++;
    }
    expect(n).toBe(count);
  }
});
