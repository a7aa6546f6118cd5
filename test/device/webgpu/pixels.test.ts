import { join } from "node:path";
import { describe, expect } from "vitest";
import { createRecords, encodeDatum, encodePng } from "../../../src/data/index.ts";
import type { Device } from "../../../src/device/index.ts";
import { writeBinaryProto } from "../../../src/model-file/index.ts";
import { Net } from "../../../src/net/net.ts";
import { type Datum, parsePrototxt } from "../../../src/schema/index.ts";
import { onGpu } from "../../support/gpu.ts";
import { temporaryFolder } from "../../support/solver.ts";

const [CHANNELS, HEIGHT, WIDTH] = [3, 7, 9];
const VALUES = CHANNELS * HEIGHT * WIDTH;
const shape = { channels: CHANNELS, height: HEIGHT, width: WIDTH };

const bytes = (n: number): Datum => ({
  ...shape,
  data: Uint8Array.from({ length: VALUES }, (_, i) => (i * 37 + n * 11) % 256),
  label: n,
});
const floats = (n: number): Datum => ({
  ...shape,
  floatData: Float32Array.from({ length: VALUES }, (_, i) => Math.sin(i + n)),
});
const deep = async (n: number): Promise<Datum> => ({
  encoded: true,
  data: await encodePng({
    ...{ channels: 1, height: HEIGHT, width: WIDTH },
    data: Uint16Array.from({ length: HEIGHT * WIDTH }, (_, i) => i * 999 + n),
  }),
});

/** Five records and a mean of pixels. */
async function writeFiles(folder: string, datum: (n: number) => Datum | Promise<Datum>) {
  const writer = await createRecords(join(folder, "db"), "LMDB");
  for (let n = 0; n < 5; n++) await writer.put(`000${n}`, encodeDatum(await datum(n)));
  await writer.close();
  const mean = Float32Array.from({ length: VALUES }, (_, i) => 100 + Math.cos(i));
  await writeBinaryProto(join(folder, "mean.binaryproto"), { num: 1, ...shape, data: mean });
}

const READER =
  'layer { name: "l" type: "Power" bottom: "data" top: "out" power_param { scale: 2 } }';
const dataLayer = (transform: string, batch = 2) => `
  layer { name: "d" type: "Data" top: "data" top: "label"
    data_param { source: "db" backend: LMDB batch_size: ${batch} } transform_param { ${transform} } }`;

function load(root: string, text: string, device: Device | "cpu") {
  const message = parsePrototxt(text, { message: "NetParameter" });
  return Net.load(message, { root, device, phase: "TRAIN", seed: 3 });
}

/** All batches of some passes. */
async function batches(root: string, transform: string, device: Device | "cpu") {
  const net = await load(root, dataLayer(transform) + READER, device);
  try {
    const seen: Float32Array[] = [];
    for (let pass = 0; pass < 4; pass++) {
      await net.run();
      await net.sync();
      for (const name of ["data", "label", "out"]) seen.push(net.blobs.get(name)!.data.slice());
    }
    return seen;
  } finally {
    net.dispose();
  }
}

describe("transform_param on the GPU gives the bits that it gives on the CPU", () => {
  for (const transform of [
    "",
    "scale: 0.00390625",
    "scale: 0.017 mean_value: 104.3",
    "mean_value: 104 mean_value: 117.5 mean_value: 123.1 mirror: true",
    'mean_file: "mean.binaryproto" scale: 0.3',
    'mean_file: "mean.binaryproto" crop_size: 5 mirror: true',
  ]) {
    onGpu(transform || "nothing to do", async (device) => {
      using folder = temporaryFolder();
      await writeFiles(folder.path, bytes);
      const [actual, expected] = [
        await batches(folder.path, transform, device),
        await batches(folder.path, transform, "cpu"),
      ];
      expect(actual).toEqual(expected);
    });
  }

  onGpu("of 16 bits a pixel, and of floats", async (device) => {
    for (const datum of [deep, floats]) {
      using folder = temporaryFolder();
      await writeFiles(folder.path, datum);
      const transform = "crop_size: 4 mirror: true mean_value: 0.7 scale: 0.1";
      const expected = await batches(folder.path, transform, "cpu");
      expect(await batches(folder.path, transform, device)).toEqual(expected);
    }
  });

  onGpu("of images of several sizes, one by one", async (device) => {
    using folder = temporaryFolder();
    const sizes = (n: number): Datum => {
      const [height, width] = [3 + n, 6 - n];
      const data = Uint8Array.from({ length: height * width }, (_, i) => i + n);
      return { channels: 1, height, width, data, label: n };
    };
    await writeFiles(folder.path, sizes);
    const text = dataLayer("scale: 0.1 mirror: true", 1) + READER;
    const nets = [await load(folder.path, text, device), await load(folder.path, text, "cpu")];
    for (let pass = 0; pass < 7; pass++) {
      const [actual, expected] = [await nets[0]!.forward(), await nets[1]!.forward()];
      expect(actual).toEqual(expected);
    }
    for (const net of nets) net.dispose();
  });
});

describe("pixels", () => {
  onGpu("go up as bytes: a quarter of what floats take", async (device) => {
    using folder = temporaryFolder();
    await writeFiles(folder.path, bytes);
    const net = await load(folder.path, dataLayer("scale: 0.5") + READER, device);
    try {
      expect(net.runsOnDevice(0)).toBe(true);
      const { counts } = device.remote!;
      const before = counts.bytesUp;
      await net.run();
      // 378 bytes in words of four; nothing on the GPU reads the labels.
      expect(counts.bytesUp - before).toBe(4 * Math.ceil((2 * VALUES) / 4));
    } finally {
      net.dispose();
    }
  });

  onGpu("stay where a layer of the host wants their values, or nobody does", async (device) => {
    using folder = temporaryFolder();
    await writeFiles(folder.path, bytes);
    const onHost =
      'layer { name: "h" type: "Im2col" bottom: "data" top: "columns" convolution_param { kernel_size: 2 } }';
    for (const reader of [onHost, READER + onHost, ""]) {
      const net = await load(folder.path, dataLayer("scale: 0.5") + reader, device);
      try {
        expect(net.runsOnDevice(0)).toBe(false);
        const { counts } = device.remote!;
        const before = counts.bytesDown;
        await net.runUnread();
        expect(counts.bytesDown - before).toBe(0);
      } finally {
        net.dispose();
      }
    }
  });
});
