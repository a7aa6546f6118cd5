import { describe, expect, test } from "vitest";
import { NetDefinitionError } from "../../src/errors.ts";
import { Net } from "../../src/net/net.ts";
import { parsePrototxt } from "../../src/schema/index.ts";
import { recordedLogger } from "../support/solver.ts";

const size = "channels: 1 height: 1 width: 2";

const layer = (name: string, param = `batch_size: 2 ${size}`, more = "") => `
  layer { name: "${name}" type: "MemoryData" top: "${name}" top: "${name} label"
    memory_data_param { ${param} } ${more} }`;

function load(text: string, options: Parameters<typeof Net.load>[1] = {}) {
  return Net.load(
    parsePrototxt(text, { message: "NetParameter", fileName: "net.prototxt" }),
    options,
  );
}

const counted = (count: number, first = 0) =>
  Float32Array.from({ length: count }, (_, i) => first + i);

const values = (net: Net, blob: string) => [...net.blobs.get(blob)!.data];

describe("batches", () => {
  test("go through the arrays, and start again", async () => {
    const net = await load(layer("m"));
    expect(net.blobs.get("m label")!.shape).toEqual([2]);
    net.setInputArrays(counted(8), [5, 6, 7, 8]);
    const labels = [];
    for (let pass = 0; pass < 3; pass++) {
      await net.run();
      labels.push(values(net, "m label"));
    }
    expect(labels).toEqual([
      [5, 6],
      [7, 8],
      [5, 6],
    ]);
    expect(values(net, "m")).toEqual([0, 1, 2, 3]);
    expect(net.blobs.get("m")!.shape).toEqual([2, 1, 1, 2]);
    expect(net.blobs.get("m label")!.shape).toEqual([2, 1, 1, 1]);
    net.dispose();
  });

  test("carry the label's four axes to the layers above", async () => {
    const silence = `layer { name: "p" type: "Power" bottom: "m label" top: "twice" power_param { scale: 2 } }`;
    const net = await load(layer("m") + silence);
    net.setInputArrays(counted(4), [1, 2]);
    await net.run();
    expect(net.blobs.get("twice")!.shape).toEqual([2, 1, 1, 1]);
    expect(values(net, "twice")).toEqual([2, 4]);
    net.dispose();
  });

  test("read what is written to the arrays later", async () => {
    const net = await load(layer("m"));
    const data = counted(4);
    net.setInputArrays(data, [0, 0]);
    data[0] = 9;
    await net.run();
    expect(values(net, "m")).toEqual([9, 1, 2, 3]);
    net.dispose();
  });

  test("start at the first record of new arrays", async () => {
    const net = await load(layer("m"));
    net.setInputArrays(counted(8), [1, 2, 3, 4]);
    await net.run();
    net.setInputArrays(counted(8), [5, 6, 7, 8]);
    await net.run();
    expect(values(net, "m label")).toEqual([5, 6]);
    net.dispose();
  });

  test("go on after a resume, whether the arrays come before or after", async () => {
    const arrays = [counted(12), counted(6, 100)] as const;
    const straight = await load(layer("m"));
    straight.setInputArrays(...arrays);
    await straight.run();
    const state = straight.saveState();
    await straight.run();
    for (const isEarly of [true, false]) {
      const resumed = await load(layer("m"));
      if (isEarly) resumed.setInputArrays(...arrays);
      await resumed.restoreState(state);
      if (!isEarly) resumed.setInputArrays(...arrays);
      await resumed.run();
      expect(values(resumed, "m label")).toEqual(values(straight, "m label"));
      resumed.dispose();
    }
    await expect(straight.restoreState({ m: { at: 1 } })).rejects.toThrow(/no start of a batch/);
    straight.dispose();
  });

  test("of several layers are given by name", async () => {
    const net = await load(layer("a") + layer("b"));
    net.setInputArrays(counted(4), [1, 2], "a");
    net.setInputArrays(counted(4), [3, 4], "b");
    await net.run();
    expect([values(net, "a label"), values(net, "b label")]).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(() => net.setInputArrays([], [])).toThrow(
      'the net has several MemoryData layers: name one of "a", "b"',
    );
    expect(() => net.setInputArrays([], [], "c")).toThrow('"c" is none, but "a", "b"');
    net.dispose();
  });

  test("are not transformed, which a warning says", async () => {
    const logger = recordedLogger();
    const net = await load(layer("m", undefined, "transform_param { scale: 3 }"), { logger });
    net.setInputArrays(counted(4), [1, 2]);
    await net.run();
    expect(values(net, "m")).toEqual([0, 1, 2, 3]);
    expect(logger.lines).toContain("MemoryData does not transform array data on Reset()");
    net.dispose();
  });
});

describe("mistakes", () => {
  test.each([
    [
      "",
      /batch_size, channels, height, and width must be specified and positive in memory_data_param/,
    ],
    [size, /must be specified and positive/],
    ["batch_size: 2 channels: 1 height: 0 width: 1", /must be specified and positive/],
  ])("in the shape are named: { %s }", async (param, message) => {
    const loading = load(layer("m", param));
    await expect(loading).rejects.toThrow(NetDefinitionError);
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toThrow(/^net\.prototxt:\d+:\d+: layer "m" \(MemoryData\): /);
  });

  test("no arrays: a forward pass says what to do", async () => {
    const net = await load(layer("m"));
    await expect(net.run()).rejects.toThrow(
      /^net\.prototxt:\d+:\d+: layer "m" \(MemoryData\): MemoryDataLayer needs to be initialized by calling Reset: give it arrays with net\.setInputArrays/,
    );
    net.dispose();
  });

  test("in the arrays are named", async () => {
    const net = await load(layer("m"));
    const give = (data: number, labels: number) => () =>
      net.setInputArrays(counted(data), counted(labels));
    expect(give(6, 3)).toThrow(
      /n must be a multiple of batch size: 3 labels do not make batches of 2/,
    );
    expect(give(0, 0)).toThrow(/n must be a multiple of batch size/);
    expect(give(7, 4)).toThrow(/4 labels go with 4 x 1 x 1 x 2 = 8 values, not 7/);
    net.dispose();
    expect(give(4, 2)).toThrow(/disposed of/);
  });

  test("a net without such a layer says so", async () => {
    const net = await load(
      'layer { name: "i" type: "Input" top: "x" input_param { shape { dim: 1 } } }',
    );
    expect(() => net.setInputArrays([1], [1])).toThrow(/MemoryData layer; the net has none/);
    net.dispose();
  });
});
