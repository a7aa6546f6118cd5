import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { decodeDatum, encodeDatum, keyText, readRecords } from "../../src/data/index.ts";
import { Net } from "../../src/net/net.ts";
import { expectClose } from "../support/allclose.ts";
import { goldenLog, goldenRun, messages, runIn } from "../support/golden-cli.ts";
import { hasShared, sharedPath } from "../support/shared.ts";
import { temporaryFolder } from "../support/temporary.ts";

describe.skipIf(!hasShared)("Caffe's own extract_features (needs ../shared)", () => {
  test("writes the same records and the same log", async () => {
    using run = await goldenRun("extract_features");
    const line = "extract_features init.caffemodel net.prototxt ip1,ip2 db_ip1,db_ip2 2 lmdb";
    const { code, err } = await runIn(run.folder, line.split(" "));
    expect(code, err.at(-1)).toBe(0);
    const from = "Network initialization done.";
    expect(messages(err, from)).toEqual(messages(goldenLog("extract_features"), from));
    for (const name of ["db_ip1", "db_ip2"]) {
      const golden = await records(sharedPath("golden/cli/extract_features", name));
      const written = await records(join(run.folder, name));
      expect(written.map(({ key }) => key)).toEqual(golden.map(({ key }) => key));
      for (const [i, { value }] of written.entries()) {
        const floats = decodeDatum(value).floatData!;
        const wanted = decodeDatum(golden[i]!.value).floatData!;
        // The order of the sums of a product is the library's; all other bytes are Caffe's.
        expectClose(floats, wanted, { rtol: 2e-6, atol: 2e-7 });
        const withWanted = encodeDatum({ ...decodeDatum(value), floatData: wanted });
        expect(Buffer.from(withWanted)).toEqual(Buffer.from(golden[i]!.value));
      }
      expect(written).toHaveLength(20);
    }
  });
});

async function records(path: string) {
  const found = [];
  for await (const { key, value } of readRecords(path, "LMDB")) {
    found.push({ key: keyText(key), value: Uint8Array.from(value) });
  }
  return found;
}

const at = temporaryFolder("features");
const net = `
layer { name: "data" type: "DummyData" top: "data" dummy_data_param {
  shape { dim: 3 dim: 2 dim: 4 dim: 5 } data_filler { type: "constant" value: 2 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 3 kernel_size: 3 weight_filler { type: "xavier" } } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "flat" type: "Reshape" bottom: "data" top: "flat" reshape_param { shape { dim: 40 dim: 3 } } }
layer { name: "deep" type: "Reshape" bottom: "conv" top: "deep"
  reshape_param { shape { dim: 3 dim: 3 dim: 1 dim: 2 dim: 3 } } }`;

describe("extract-features", () => {
  beforeAll(async () => {
    writeFileSync(at("net.prototxt"), net);
    const built = await Net.load(at("net.prototxt"), { threads: 1, seed: 1 });
    await built.save(at("w.caffemodel"));
    built.dispose();
  });

  const run = (...args: string[]) =>
    runIn(at(), ["extract-features", "w.caffemodel", "net.prototxt", ...args, "--threads=1"]);

  test("gives each image of a blob a record of its shape, axes that are missing as 1", async () => {
    const { code, err } = await run("conv,flat", "conv,flat", "2", "leveldb", "CPU");
    expect(code, err.at(-1)).toBe(0);
    const shapes: Record<string, unknown[]> = { conv: [], flat: [] };
    for (const name of ["conv", "flat"]) {
      for await (const { key, value } of readRecords(at(name), "LEVELDB")) {
        const { channels, height, width, floatData } = decodeDatum(value);
        shapes[name]!.push([keyText(key), channels, height, width, floatData!.length]);
      }
    }
    const key = (i: number) => String(i).padStart(10, "0");
    expect(shapes.conv).toEqual(Array.from({ length: 6 }, (_, i) => [key(i), 3, 2, 3, 18]));
    expect(shapes.flat).toEqual(Array.from({ length: 80 }, (_, i) => [key(i), 3, 1, 1, 3]));
  });

  test("says how far it is every 1000 images", async () => {
    const { err } = await run("flat", "many", "26", "lmdb");
    const lines = messages(err, "Extracting Features").slice(1);
    expect(lines).toEqual([
      "Extracted features of 1000 query images for feature blob flat",
      "Extracted features of 1040 query images for feature blob flat",
      "Successfully extracted the features!",
    ]);
  });

  test.each([
    [["conv,flat", "one", "1", "lmdb"], "the number of blob names and dataset names must be equal"],
    [
      ["conv,fc7", "one,two", "1", "lmdb"],
      "Unknown feature blob name fc7 in the network net.prototxt; it has data, ",
    ],
    [["deep", "one", "1", "lmdb"], "Cannot use legacy accessors on Blobs with > 4 axes"],
    [["conv", "one", "many", "lmdb"], "BATCHES is many; expected a whole number of at least 1"],
    [["conv", "one", "1", "rocksdb"], 'Unknown database backend "rocksdb"'],
    [["conv", "one", "1", "lmdb", "GPU", "0"], "Cannot use GPU"],
    [["conv", "one", "1"], "missing lmdb|leveldb; usage: cortado extract-features WEIGHTS NET"],
    [["conv,flat", "one,one", "1", "lmdb"], "the database one is named twice"],
    [["conv,flat", "one,conv", "1", "lmdb"], "mkdir conv failed: it exists already."],
  ])("%j: one line, code 1, and no database", async (args, message) => {
    const before = readdirSync(at());
    const { code, err } = await run(...args);
    expect(code).toBe(1);
    const errors = err.filter((line) => line.startsWith("cortado: "));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(message);
    expect(existsSync(at("one"))).toBe(false);
    expect(readdirSync(at())).toEqual(before);
  });

  test.each([
    [["nope.caffemodel", "net.prototxt"], "Couldn't open nope.caffemodel"],
    [["w.caffemodel", "nope.prototxt"], "File not found: nope.prototxt"],
  ])("%j: one line and code 1", async (files, message) => {
    const { code, err } = await runIn(at(), [
      "extract_features",
      ...files,
      "conv",
      "one",
      "1",
      "lmdb",
    ]);
    expect(code).toBe(1);
    expect(err.filter((line) => line.startsWith("cortado: ")).join()).toContain(message);
  });
});
