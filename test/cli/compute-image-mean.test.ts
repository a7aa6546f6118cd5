import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { createRecords, encodeDatum, encodePng } from "../../src/data/index.ts";
import { readBinaryProto } from "../../src/model-file/index.ts";
import { type Datum, createMessage } from "../../src/schema/index.ts";
import { runIn } from "../support/golden-cli.ts";
import { hasShared, sharedPath } from "../support/shared.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { toolLog } from "../support/tool-log.ts";

const at = temporaryFolder("mean");

async function database(name: string, data: readonly Partial<Datum>[], leveldb = false) {
  const records = await createRecords(at(name), leveldb ? "LEVELDB" : "LMDB");
  for (const [i, fields] of data.entries()) {
    await records.put(String(i).padStart(8, "0"), encodeDatum(createMessage("Datum", fields)));
  }
  await records.close();
}

const bytes = (...data: number[]) => ({
  channels: 2,
  height: 1,
  width: 2,
  data: Uint8Array.from(data),
});

const golden = ["default", "encode_type_png_resize", "gray_resize", "shuffle"];

describe.skipIf(!hasShared)("Caffe's own means (need ../shared)", () => {
  test.each(golden)("convert_%s: the same log and the same file", async (name) => {
    const source = sharedPath("golden/data", `convert_${name}`);
    mkdirSync(at(name));
    cpSync(`${source}/db`, at(name, "db"), { recursive: true });
    const { code, err } = await runIn(at(name), ["compute_image_mean", "db", "mean.binaryproto"]);
    expect(code).toBe(0);
    const lines = readFileSync(`${source}/mean.log`, "utf8").trim().split("\n");
    expect(toolLog(err)).toEqual(toolLog(lines));
    const expected = readFileSync(`${source}/mean.binaryproto`);
    expect(readFileSync(at(name, "mean.binaryproto")).equals(expected)).toBe(true);
  });
});

describe("compute-image-mean", () => {
  beforeAll(async () => {
    await database("level", [bytes(0, 1, 2, 3), bytes(4, 5, 6, 255)], true);
  });

  test("averages bytes of a LevelDB, and writes the old form of a shape", async () => {
    const args = ["compute-image-mean", "level", "mean.binaryproto", "-backend", "leveldb"];
    const { code, err } = await runIn(at(), args);
    expect(code).toBe(0);
    expect(toolLog(err)).toEqual([
      "I db_leveldb.cpp:18] Opened leveldb level",
      "I compute_image_mean.cpp:70] Starting iteration",
      "I compute_image_mean.cpp:101] Processed 2 files.",
      "I compute_image_mean.cpp:108] Write to mean.binaryproto",
      "I compute_image_mean.cpp:114] Number of channels: 2",
      "I compute_image_mean.cpp:119] mean_value channel [0]: 2.5",
      "I compute_image_mean.cpp:119] mean_value channel [1]: 66.5",
    ]);
    const { num, channels, height, width, data } = await readBinaryProto(at("mean.binaryproto"));
    expect({ num, channels, height, width }).toEqual({ num: 1, channels: 2, height: 1, width: 2 });
    expect(data).toEqual(Float32Array.of(2, 3, 4, 129));
  });

  test("averages floats without losing small ones among large ones", async () => {
    const shape = { channels: 1, height: 1, width: 1 };
    // In float32, 2^24 + 1 is 2^24 again.
    const values = [2 ** 24, ...Array<number>(63).fill(1)];
    const data = values.map((value) => ({ ...shape, floatData: Float32Array.of(value) }));
    await database("floats", data);
    await runIn(at(), ["compute-image-mean", "floats", "floats.binaryproto"]);
    const mean = await readBinaryProto(at("floats.binaryproto"));
    expect(mean.data).toEqual(Float32Array.of((2 ** 24 + 63) / 64));
  });

  test("decodes more images than are decoded at once, in their order among raw ones", async () => {
    const image = async (value: number) => ({
      encoded: true,
      data: await encodePng({ channels: 1, height: 1, width: 1, data: Uint8Array.of(value) }),
    });
    const encoded = await Promise.all(Array.from({ length: 40 }, (_, i) => image(i)));
    const raw = { channels: 1, height: 1, width: 1, data: Uint8Array.of(41) };
    await database("mixed", [...encoded, raw]);
    const { err } = await runIn(at(), ["compute-image-mean", "mixed"]);
    expect(toolLog(err)).toContain("I compute_image_mean.cpp:57] Decoding Datum");
    expect(err.at(-1)).toMatch(/mean_value channel \[0\]: 20.0244$/); // (0 + ... + 39 + 41) / 41
  });

  test("writes no file that it was not asked for", async () => {
    const { code, err } = await runIn(at(), ["compute-image-mean", "mixed"]);
    expect(code).toBe(0);
    expect(err.join("\n")).not.toContain("Write to");
  });

  test.each([
    [["nope"], "nope"],
    [["level"], "level"],
    [
      ["level", "--backend=rocksdb"],
      'Unknown database backend "rocksdb"; expected lmdb or leveldb',
    ],
    [[], "missing DB; usage: cortado compute-image-mean DB [OUT.binaryproto] [flags]"],
    [["empty"], "empty: there are no records"],
    [["sizes"], "a mean needs images of one shape; this one is 2 x 1 x 1, the first 2 x 1 x 2"],
    [["damaged"], "record 00000000"],
    [["mixed", "no/such/folder"], "cannot be written"],
  ])("%j: one line and code 1", async (args, message) => {
    if (!existsSync(at("empty"))) {
      await database("empty", []);
      await database("sizes", [bytes(1, 2, 3, 4), { ...bytes(1, 2), width: 1 }]);
      await database("damaged", [{ encoded: true, data: Uint8Array.of(1, 2, 3) }]);
    }
    const { code, err } = await runIn(at(), ["compute-image-mean", ...args]);
    expect(code).toBe(1);
    const errors = err.filter((line) => line.startsWith("cortado: "));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(message);
  });
});
