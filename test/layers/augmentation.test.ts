import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createRecords, encodeDatum, encodePng } from "../../src/data/index.ts";
import { DataSourceError, NetDefinitionError } from "../../src/errors.ts";
import { Net, type NetOptions } from "../../src/net/net.ts";
import {
  type Datum,
  decodeMessage,
  encodeMessage,
  parsePrototxt,
  printPrototxt,
} from "../../src/schema/index.ts";
import { augmented } from "../support/augment.ts";
import { hasOpenCv } from "../support/opencv.ts";
import { runPython } from "../support/python.ts";
import { temporaryFolder } from "../support/solver.ts";

const SIZE = { height: 10, width: 12 };
const PIXELS = 120;
const COUNT = 5;

const imageValues = (n: number) => Array.from({ length: PIXELS }, (_, i) => 40000 + n * 1000 + i);
const labelValues = (n: number) =>
  Array.from({ length: PIXELS }, (_, i) => Number((i + n) % 7 < 3));

/** 16-bit images, one of two as PNG, and label maps. */
async function writeDatabases(folder: string): Promise<void> {
  const images = await createRecords(join(folder, "images"), "LMDB");
  const labels = await createRecords(join(folder, "labels"), "LMDB");
  for (let n = 0; n < COUNT; n++) {
    const size = { channels: 1, ...SIZE };
    const data = Uint16Array.from(imageValues(n));
    const datum: Datum =
      n % 2
        ? { encoded: true, data: await encodePng({ ...size, data }), label: n }
        : { ...size, floatData: Float32Array.from(data), label: n };
    await images.put(`${n}`, encodeDatum(datum));
    await labels.put(`${n}`, encodeDatum({ ...size, data: Uint8Array.from(labelValues(n)) }));
  }
  await images.close();
  await labels.close();
}

const ALL =
  "seed: 3 flip_x: true flip_y: true rotate: 30 scale: 0.2 shift: 0.1 elastic: 0.05 " +
  "brightness: 0.2 contrast: 0.2 gamma: 0.3 noise: 0.1";
const settings = {
  ...{ seed: 3, flipX: true, flipY: true, rotate: 30, scale: 0.2, shift: 0.1, elastic: 0.05 },
  ...{ brightness: 0.2, contrast: 0.2, gamma: 0.3, noise: 0.1 },
};

const dataLayer = (name: string, source: string, batch: number, more: string) => `
  layer { name: "${name}" type: "Data" top: "${name}" ${name === "data" ? 'top: "number"' : ""}
    data_param { source: "${source}" batch_size: ${batch} backend: LMDB } ${more} }`;

const pair = (image = ALL, label = `content: LABEL ${ALL}`, more = "") =>
  dataLayer("data", "images", 3, `augmentation_param { ${image} } ${more}`) +
  dataLayer("label", "labels", 3, `augmentation_param { ${label} }`);

function load(root: string, text: string, options: NetOptions = {}) {
  const net = parsePrototxt(text, { message: "NetParameter", fileName: "net.prototxt" });
  return Net.load(net, { root, phase: "TRAIN", threads: 1, ...options });
}

/** The blobs of some passes, one after the other. */
async function passes(net: Net, count: number): Promise<Record<string, number[]>> {
  const all: Record<string, number[]> = {};
  for (let i = 0; i < count; i++) {
    await net.run();
    for (const [name, blob] of net.blobs) all[name] = [...(all[name] ?? []), ...blob.data];
  }
  net.dispose();
  return all;
}

function expected(values: (n: number) => number[], given: object, records: number): number[] {
  return Array.from({ length: records }, (_, k) => [
    ...augmented(values(k % COUNT), SIZE, given, k),
  ]).flat();
}

describe("augmentation_param", () => {
  test("changes images and label maps of two layers together, each record anew in each pass over the data", async () => {
    using folder = temporaryFolder();
    await writeDatabases(folder.path);
    const blobs = await passes(await load(folder.path, pair()), 4);
    expect(blobs.data).toEqual(expected(imageValues, settings, 12));
    expect(blobs.label).toEqual(expected(labelValues, { ...settings, content: "LABEL" }, 12));
    expect(blobs.number).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1]);
    expect(Math.max(...blobs.data!)).toBeGreaterThan(40000);
  });

  test("gives a record the same changes whatever the batch size and the number of threads", async () => {
    using folder = temporaryFolder();
    await writeDatabases(folder.path);
    const one = dataLayer("data", "images", 1, `augmentation_param { ${ALL} }`);
    const six = dataLayer("data", "images", 6, `augmentation_param { ${ALL} }`);
    const a = await passes(await load(folder.path, one), 6);
    const b = await passes(await load(folder.path, six, { threads: 2, seed: 9 }), 1);
    expect(a).toEqual(b);
  });

  test("does nothing in the TEST phase", async () => {
    using folder = temporaryFolder();
    await writeDatabases(folder.path);
    const blobs = await passes(await load(folder.path, pair(), { phase: "TEST" }), 2);
    expect(blobs.data).toEqual(expected(imageValues, {}, 6));
    expect(blobs.label).toEqual(expected(labelValues, {}, 6));
  });

  test("comes before mean, scale and crop", async () => {
    using folder = temporaryFolder();
    await writeDatabases(folder.path);
    const more = "transform_param { mean_value: 40000 scale: 0.5 }";
    const blobs = await passes(await load(folder.path, pair(ALL, "", more)), 1);
    const wanted = expected(imageValues, settings, 3).map((value) =>
      Math.fround(Math.fround(value - 40000) * 0.5),
    );
    expect(blobs.data).toEqual(wanted);
  });

  test("works in ImageData, and leaves a layer without settings as it is", async () => {
    using folder = temporaryFolder();
    mkdirSync(join(folder.path, "files"));
    const bytes = Uint8Array.from({ length: PIXELS }, (_, i) => i);
    const png = await encodePng({ channels: 1, ...SIZE, data: bytes });
    writeFileSync(join(folder.path, "files", "a.png"), png);
    writeFileSync(join(folder.path, "list.txt"), "files/a.png 4\n");
    const text = (own: string) => `layer { name: "d" type: "ImageData" top: "data" top: "label"
      image_data_param { source: "list.txt" batch_size: 2 is_color: false } ${own} }`;
    const changed = await passes(await load(folder.path, text(`augmentation_param { ${ALL} }`)), 1);
    const values = () => [...bytes];
    expect(changed.data).toEqual(expected(values, settings, 2));
    expect(changed.label).toEqual([4, 4]);
    const plain = await passes(await load(folder.path, text("augmentation_param { }")), 1);
    expect(plain.data).toEqual([...bytes, ...bytes]);
  });

  test("goes on with the number of the record that was to come", async () => {
    using folder = temporaryFolder();
    await writeDatabases(folder.path);
    const straight = await passes(await load(folder.path, pair()), 4);
    const first = await load(folder.path, pair());
    await first.run();
    await first.run();
    const state: unknown = JSON.parse(JSON.stringify(first.saveState()));
    await first.run();
    first.dispose();
    const resumed = await load(folder.path, pair());
    await resumed.restoreState(state as Parameters<Net["restoreState"]>[0]);
    const rest = await passes(resumed, 2);
    for (const name of ["data", "label", "number"]) {
      expect(rest[name]).toEqual(straight[name]!.slice(straight[name]!.length / 2));
    }
  });

  test("says so when it is to go on from a position without a number", async () => {
    using folder = temporaryFolder();
    await writeDatabases(folder.path);
    const plain = await load(folder.path, dataLayer("data", "images", 3, ""));
    const state = plain.saveState();
    plain.dispose();
    const net = await load(
      folder.path,
      dataLayer("data", "images", 3, `augmentation_param { ${ALL} }`),
    );
    await expect(net.restoreState(state)).rejects.toThrow(DataSourceError);
    net.dispose();
  });

  test.each([
    ["rotate: -5", "augmentation_param.rotate must be from 0 to 180, not -5"],
    ["gamma: nan", "augmentation_param.gamma must be from 0 to 1, not nan"],
    ["elastic: 0.1 elastic_grid: 8", "augmentation_param.elastic must be at most 0.05 with a grid"],
    ["elastic_grid: 100", "augmentation_param.elastic_grid must be a whole number from 2 to 32"],
  ])("with %s is refused at its place, in the TEST phase too", async (own, problem) => {
    using folder = temporaryFolder();
    await writeDatabases(folder.path);
    const text = dataLayer("data", "images", 3, `augmentation_param { ${own} }`);
    for (const phase of ["TRAIN", "TEST"] as const) {
      const error = await load(folder.path, text, { phase }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(NetDefinitionError);
      expect((error as NetDefinitionError).message).toContain(problem);
      expect((error as NetDefinitionError).message).toContain('"data" (Data)');
      expect((error as NetDefinitionError).location?.line).toBe(3);
    }
  });

  test.each([
    [
      "MemoryData",
      "memory_data_param { batch_size: 1 channels: 1 height: 2 width: 2 }",
      2,
      "the program's own",
    ],
    ["HDF5Data", 'hdf5_data_param { source: "x" batch_size: 1 }', 1, "which are images"],
    ["WindowData", 'window_data_param { source: "x" batch_size: 1 }', 2, "at random already"],
    ["Python", 'python_param { module: "dice" layer: "Dice" }', 1, "draws from its own `random`"],
  ])("is refused in %s, which says why, and what does it", async (type, own, tops, why) => {
    const names = ["a", "b"].slice(0, tops).map((top) => `top: "${top}"`);
    const text = `layer { name: "d" type: "${type}" ${names.join(" ")} ${own} augmentation_param { rotate: 5 } }`;
    const error: unknown = await load(".", text).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain("only Data and ImageData have an augmentation_param");
    expect(String(error)).toContain(why);
    expect(String(error)).toContain("layers/augment.ts");
  });

  test("survives text and binary, and is one unknown field to a reader without it", () => {
    const net = parsePrototxt(pair(), { message: "NetParameter" });
    const text = printPrototxt(net, { message: "NetParameter" });
    expect(parsePrototxt(text, { message: "NetParameter" })).toEqual(net);
    expect(decodeMessage("NetParameter", encodeMessage("NetParameter", net))).toEqual(net);
  });
});

test.skipIf(!hasOpenCv)(
  "OpenCV's reader of Caffe's files takes a binary net with augmentation_param (needs python3 with cv2)",
  async () => {
    using folder = temporaryFolder();
    const text = `input: "x" input_shape { dim: 1 dim: 1 dim: 2 dim: 2 }
      layer { name: "r" type: "Power" bottom: "x" top: "y" power_param { scale: 2 } AUGMENTED }`;
    const param = parsePrototxt(text.replace("AUGMENTED", "augmentation_param { rotate: 5 }"), {
      message: "NetParameter",
    });
    const paths = ["net.prototxt", "net.caffemodel"].map((name) => join(folder.path, name));
    writeFileSync(paths[0]!, text.replace("AUGMENTED", ""));
    writeFileSync(paths[1]!, encodeMessage("NetParameter", param));
    const script = `
import cv2, json, numpy, sys
net = cv2.dnn.readNetFromCaffe(*json.load(sys.stdin))
net.setInput(numpy.ones((1, 1, 2, 2), numpy.float32))
print(json.dumps(net.forward().ravel().tolist()))`;
    expect(runPython(script, paths)).toEqual([2, 2, 2, 2]);
  },
);
