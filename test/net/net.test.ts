import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRandom } from "../../src/core/random.ts";
import { type Device, openCpuDevice } from "../../src/device/index.ts";
import { Net, type NetOptions } from "../../src/net/net.ts";
import { readCaffemodel } from "../../src/model-file/index.ts";
import { writeCaffemodel } from "../../src/net/write-weights.ts";
import { parsePrototxt } from "../../src/schema/index.ts";

let device: Device;
let folder = "";
beforeAll(() => {
  device = openCpuDevice({ threads: 2 });
  folder = mkdtempSync(join(tmpdir(), "cortado-net-"));
});
afterAll(() => {
  device.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const INPUT = `layer { name: "in" type: "Input" top: "x" top: "label"
  input_param { shape { dim: 2 dim: 3 dim: 6 dim: 6 } shape { dim: 2 } } }`;
const BODY = `
  layer { name: "conv" type: "Convolution" bottom: "x" top: "conv"
    convolution_param { num_output: 4 kernel_size: 3 weight_filler { type: "xavier" } } }
  layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
  layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip"
    inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
  layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }`;

async function load(text: string, options: NetOptions = {}): Promise<Net> {
  const file = join(folder, "net.prototxt");
  writeFileSync(file, text);
  return Net.load(file, { phase: "TRAIN", device, seed: 1, ...options });
}

const pixels = Float32Array.from({ length: 2 * 3 * 36 }, (_, i) => Math.sin(i));

describe("running a net", () => {
  test("gives outputs by name, and the loss", async () => {
    const net = await load(INPUT + BODY);
    const outputs = await net.forward({ x: pixels, label: [0, 2] });
    expect(Object.keys(outputs)).toEqual(["loss"]);
    expect(net.loss).toBeCloseTo(outputs.loss![0]!, 6);
    expect(net.inputs).toEqual(["x", "label"]);
    net.dispose();
  });

  test("adds parameter gradients up until they are cleared", async () => {
    const net = await load(INPUT + BODY);
    await net.forward({ x: pixels, label: [0, 2] });
    await net.backward();
    const weight = net.params.get("ip")![0]!;
    const once = weight.diff.slice();
    await net.backward();
    expect(weight.diff[5]).toBeCloseTo(2 * once[5]!, 6);
    net.clearParamDiffs();
    expect(weight.diff.every((value) => value === 0)).toBe(true);
    net.dispose();
  });

  test("follows an input to another size and back", async () => {
    const net = await load(INPUT + BODY);
    const first = (await net.forward({ x: pixels, label: [0, 2] })).loss![0];
    for (const n of [5, 2]) {
      net.blobs.get("x")!.reshape(n, 3, 6, 6);
      net.blobs.get("label")!.reshape(n);
      await net.reshape();
      expect(net.blobs.get("ip")!.shape).toEqual([n, 3]);
      await net.forward();
    }
    expect((await net.forward({ x: pixels, label: [0, 2] })).loss![0]).toBe(first);
    net.dispose();
  });

  test("calls listeners before each forward pass until they are taken off", async () => {
    const net = await load(INPUT + BODY);
    let calls = 0;
    const off = net.onBeforeForward(() => calls++);
    await net.forward();
    await net.forward();
    off();
    await net.forward();
    expect(calls).toBe(2);
    net.dispose();
  });

  test("gives the same values with any number of threads", async () => {
    const results = [];
    for (const threads of [1, 3]) {
      const own = openCpuDevice({ threads });
      const net = await load(INPUT + BODY, { device: own });
      await net.forward({ x: pixels, label: [0, 2] });
      await net.backward();
      results.push([net.loss, ...net.params.get("conv")![0]!.diff]);
      net.dispose();
      own.dispose();
    }
    expect(results[1]).toEqual(results[0]);
  });
});

describe("memory", () => {
  test("is all given back", async () => {
    const before = device.heap.usedBytes;
    const net = await load(INPUT + BODY);
    await net.forward({ x: pixels, label: [0, 2] });
    await net.backward();
    expect(device.heap.usedBytes).toBeGreaterThan(before);
    net.dispose();
    expect(device.heap.usedBytes).toBe(before);
  });

  test("is given back when a layer cannot be built", async () => {
    const before = device.heap.usedBytes;
    const bad = `layer { name: "bad" type: "Crop" bottom: "ip" bottom: "x" top: "c" }`;
    await expect(load(INPUT + BODY + bad)).rejects.toThrow(/layer "bad" \(Crop\)/);
    expect(device.heap.usedBytes).toBe(before);
  });

  test("is given back when a layer fails after it has filled its weights", async () => {
    const before = device.heap.usedBytes;
    const bad = `layer { name: "bad" type: "InnerProduct" bottom: "ip" top: "c" inner_product_param {
      num_output: 2 weight_filler { type: "gaussian" sparse: 9 } } }`;
    await expect(load(INPUT + BODY + bad)).rejects.toThrow(/layer "bad" .* sparse \(9\) must not/);
    expect(device.heap.usedBytes).toBe(before);
  });

  test("for losses is the same in each iteration", async () => {
    const net = await load(INPUT + BODY);
    await net.forward({ x: pixels, label: [0, 2] });
    const losses = await net.readLosses(1);
    await net.forward({ x: pixels, label: [1, 1] });
    expect(await net.readLosses(1)).toBe(losses);
    expect(losses).toEqual(Float64Array.of(net.loss));
    net.dispose();
  });

  test("is not reserved any more once a net runs", async () => {
    const net = await load(INPUT + BODY);
    const iterate = async () => {
      await net.run();
      net.clearParamDiffs();
      await net.backward();
    };
    await iterate();
    const used = device.heap.usedBytes;
    for (let i = 0; i < 20; i++) await iterate();
    expect(device.heap.usedBytes).toBe(used);
    net.dispose();
  });

  test("of a net that cannot fit is refused before anything runs", async () => {
    const huge = `layer { name: "in" type: "Input" top: "x"
      input_param { shape { dim: 64 dim: 64 dim: 512 dim: 512 } } }
      layer { name: "big" type: "Power" bottom: "x" top: "y" }`;
    await expect(load(huge)).rejects.toThrow(
      /the net needs 8192 MiB .* largest layers: in 4096 MiB.* A batch of 31 in place of 64 would fit/,
    );
  });
});

test("a net may be a message by hand, without what it has no use for", async () => {
  const shape = [{ dim: [1, 3] }];
  const net = await Net.load({
    layer: [
      { name: "x", type: "Input", top: ["x"], inputParam: { shape } },
      { name: "relu", type: "ReLU", bottom: ["x"], top: ["y"] },
    ],
  });
  expect([...(await net.forward({ x: [1, -2, 3] })).y!]).toEqual([1, 0, 3]);
  net.dispose();
  const wrong = { layer: [{ name: "x", type: "Input", top: ["x"], inputParams: { shape } }] };
  await expect(Net.load(wrong)).rejects.toThrow('has no field named "inputParams". Did you mean');
});

test("a pass that is not awaited is not mixed with the next one", async () => {
  const net = await load(INPUT + BODY);
  const first = net.forward({ x: pixels, label: [0, 2] });
  const problem = /is in the middle of a pass: await one before the next, or load a net for each/;
  await expect(net.forward({ x: pixels.map((x) => 2 * x), label: [1, 1] })).rejects.toThrow(
    problem,
  );
  await expect(net.backward()).rejects.toThrow(problem);
  const { loss } = await first;
  const alone = loss![0]!;
  expect((await net.forward({ x: pixels, label: [0, 2] })).loss![0]).toBe(alone);
  net.dispose();
});

test("writeCaffemodel takes a net as well as a message", async () => {
  const net = await load(INPUT + BODY);
  const files = ["own", "by-message"].map((name) => join(folder, `${name}.caffemodel`));
  await writeCaffemodel(files[0]!, net);
  await writeCaffemodel(files[1]!, await readCaffemodel(files[0]!));
  expect(readFileSync(files[1]!)).toEqual(readFileSync(files[0]!));
  net.dispose();
});

describe("weights", () => {
  test("saved and loaded give the same outputs", async () => {
    const first = await load(INPUT + BODY);
    const loss = (await first.forward({ x: pixels, label: [0, 2] })).loss![0];
    const file = join(folder, "net.caffemodel");
    await first.save(file);
    const second = await load(INPUT + BODY, { seed: 2, weights: file });
    expect((await second.forward({ x: pixels, label: [0, 2] })).loss![0]).toBe(loss);
    first.dispose();
    second.dispose();
  });

  test("of another shape are refused in Caffe's words, and nothing is copied", async () => {
    const wide = await load(INPUT + BODY.replace("num_output: 3", "num_output: 5"));
    const file = join(folder, "wide.caffemodel");
    await wide.save(file);
    wide.dispose();
    const net = await load(INPUT + BODY);
    const before = net.params.get("conv")![0]!.data.slice();
    await expect(net.copyTrainedLayersFrom(file)).rejects.toThrow(
      "Cannot copy param 0 weights from layer 'ip'; shape mismatch.  Source param shape is 5 64 (320); " +
        "target param shape is 3 64 (192). To learn this layer's parameters from scratch rather than " +
        "copying from a saved net, rename the layer.",
    );
    expect(net.params.get("conv")![0]!.data).toEqual(before);
    net.dispose();
  });

  test("that come inside a message leave the draws to the layers after them", async () => {
    const text = `${INPUT} layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y"
      inner_product_param { num_output: 2 weight_filler { type: "xavier" } } }
      layer { name: "drop" type: "Dropout" bottom: "y" top: "z" }`;
    const net = await load(text);
    const lines: string[] = [];
    const logger = {
      log: (_level: string, _source: string, line: string) => void lines.push(line),
    };
    const random = createRandom(5);
    const copy = await Net.load(net.toProto(), { phase: "TRAIN", device, random, logger });
    expect(random.uint32()).toBe(createRandom(5).uint32());
    expect(lines.filter((line) => line === "Skipping parameter initialization")).toHaveLength(1);
    net.dispose();
    copy.dispose();
  });

  test("that come inside a message are used in place of fillers", async () => {
    const net = await load(INPUT + BODY);
    const copy = await Net.load(net.toProto(), { phase: "TRAIN", device, seed: 7 });
    expect(copy.params.get("conv")![0]!.data).toEqual(net.params.get("conv")![0]!.data);
    expect(copy.layers.map((layer) => layer.name)).toEqual(net.layers.map((layer) => layer.name));
    net.dispose();
    copy.dispose();
  });
});

describe("mistakes", () => {
  test.each([
    [
      "Convolutoin",
      /net\.prototxt:1:\d+: layer "l" \(Convolutoin\): Unknown layer type: Convolutoin .*Did you mean "Convolution"\?/,
    ],
    ["ReLU", /net\.prototxt:1:\d+: Unknown bottom blob 'nope' \(layer 'l', bottom index 0\)/],
  ])("of type %s have their place", async (type, message) => {
    const bottom = type === "ReLU" ? 'bottom: "nope"' : "";
    await expect(load(`layer { name: "l" type: "${type}" ${bottom} top: "y" }`)).rejects.toThrow(
      message,
    );
  });

  test("in a filler name the layer and the filler's place", async () => {
    const text = BODY.replace('"xavier"', '"xavir"');
    await expect(load(INPUT + text)).rejects.toThrow(
      /net\.prototxt:4:\d+: layer "conv" \(Convolution\): Unknown filler name: xavir/,
    );
  });

  test("in a filler that runs in each pass do so too", async () => {
    const net = await load(`layer { name: "noise" type: "DummyData" top: "x"
      dummy_data_param { shape { dim: 2 } data_filler { type: "uniform" min: 2 } } }`);
    await expect(net.forward()).rejects.toThrow(
      /net\.prototxt:2:\d+: layer "noise" \(DummyData\): a uniform filler draws from min to max/,
    );
    net.dispose();
  });

  test("name the blobs that there are", async () => {
    const net = await load(INPUT);
    await expect(net.forward({ y: [1] })).rejects.toThrow(
      'the net "" has no blob "y"; it has x, label',
    );
    net.dispose();
  });

  test("a missing file is one sentence", async () => {
    await expect(Net.load(join(folder, "nothing.prototxt"))).rejects.toThrow(
      /File not found: .*nothing\.prototxt/,
    );
  });

  test("a folder, and weights in the place of a prototxt, are told from a prototxt", async () => {
    const weights = join(folder, "a.caffemodel");
    writeFileSync(weights, "\n\x04Tiny\xa2\x06\0");
    await expect(Net.load(folder)).rejects.toThrow("(the net's prototxt): it is a folder");
    await expect(Net.load(weights)).rejects.toThrow(
      `${weights}: a binary file, such as a .caffemodel, where the net's prototxt is expected`,
    );
  });
});

test("logs loss weights as C++ prints floats, and layers that Caffe builds inside others", async () => {
  const lines: string[] = [];
  const logger = { log: (_level: string, _source: string, line: string) => void lines.push(line) };
  const scale = `layer { name: "scale" type: "Scale" bottom: "x" top: "y" loss_weight: 0.3
    scale_param { bias_term: true } }`;
  const net = await load(INPUT + scale, { logger });
  expect(lines).toContain("    with loss weight 0.3");
  expect(lines.filter((line) => line === "Creating layer scale")).toHaveLength(2);
  net.dispose();
});

test("filters and shares as the prototxt says", async () => {
  const shared = `
    layer { name: "a" type: "InnerProduct" bottom: "x" top: "a" param { name: "w" } param { lr_mult: 0 }
      inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
    layer { name: "b" type: "InnerProduct" bottom: "x" top: "b" param { name: "w" }
      inner_product_param { num_output: 3 bias_term: false } }
    layer { name: "gone" type: "Silence" bottom: "a" include { stage: "other" } }`;
  const net = await Net.load(parsePrototxt(INPUT + shared, { message: "NetParameter" }), {
    device,
  });
  expect(net.layers.map((layer) => layer.name)).toEqual(["in", "x_in_0_split", "a", "b"]);
  expect(
    net.learnableParams.map(({ layerName, index, lrMult }) => [layerName, index, lrMult]),
  ).toEqual([
    ["a", 0, 1],
    ["a", 1, 0],
  ]);
  net.params.get("a")![0]!.data[0] = 42;
  expect(net.params.get("b")![0]!.data[0]).toBe(42);
  net.dispose();
});

test("a net may be named by the URL of its file", async () => {
  (await load(INPUT + BODY)).dispose();
  const net = await Net.load(pathToFileURL(join(folder, "net.prototxt")), { device });
  expect(net.outputs).toEqual(["loss"]);
  net.dispose();
  await expect(Net.load(new URL("https://example.org/net.prototxt"))).rejects.toThrow(
    "a prototxt is read from a file, not from https://example.org/net.prototxt",
  );
});

describe("a net that is used wrongly", () => {
  test("says which blob gets values that do not fit", async () => {
    const net = await load(INPUT + BODY);
    await expect(net.forward({ x: pixels, label: [1] })).rejects.toThrow(
      'blob "label": 1 values do not fit a blob of shape 2 (2)',
    );
    await net.forward({ x: pixels, label: [0, 1] });
    net.dispose();
  });

  test.each([
    [INPUT, "the text of a prototxt was given where the net's prototxt is named by its path"],
    [7, "a net is loaded from a path or a NetParameter, not 7"],
    [[], "expected a NetParameter, got a list"],
  ])("says what %j is not", async (source, problem) => {
    await expect(Net.load(source as string)).rejects.toThrow(problem);
  });

  test("takes gradients of the right length only", async () => {
    const net = await load(INPUT + BODY);
    await net.forward({ x: pixels, label: [0, 2] });
    for (const diff of [[], [1, 2]]) {
      await expect(net.backward({ loss: diff })).rejects.toThrow(
        /do not fit a blob of shape \(1\)/,
      );
    }
    net.dispose();
  });

  test("stays disposed of", async () => {
    const net = await load(INPUT + BODY);
    net.dispose();
    const before = device.heap.usedBytes;
    await expect(net.forward()).rejects.toThrow("was disposed of");
    await expect(net.backward()).rejects.toThrow("was disposed of");
    expect(() => net.clearParamDiffs()).toThrow("was disposed of");
    expect(device.heap.usedBytes).toBe(before);
  });

  test("names the layer whose weights do not fit the memory", async () => {
    const wide = `layer { name: "wide" type: "InnerProduct" bottom: "x" top: "y"
      inner_product_param { num_output: 15000000 weight_filler { type: "xavier" } } }`;
    await expect(load(INPUT + wide)).rejects.toThrow(
      /net\.prototxt:\d+:\d+: layer "wide" \(InnerProduct\): cannot reserve \d+ MiB more/,
    );
    const net = await load(INPUT + BODY);
    expect((await net.forward({ x: pixels, label: [0, 2] })).loss![0]).toBeGreaterThan(0);
    net.dispose();
  });

  test("is told what a net is loaded from", async () => {
    const anything = JSON.parse("null");
    await expect(Net.load(anything)).rejects.toThrow(
      "a net is loaded from a path or a NetParameter, not null",
    );
    const phase = JSON.parse('"train"');
    await expect(Net.load("net.prototxt", { phase })).rejects.toThrow(
      'a phase is "TRAIN" or "TEST", not "train"',
    );
  });
});
