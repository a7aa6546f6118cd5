/** @file The check of a network while it is written. */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { Net, parsePrototxt, writeCaffemodel } from "../../src/index.ts";
import { type CheckRequest, checkNetwork } from "../../src/studio/check/check.ts";
import { memoryAdvice } from "../../src/studio/check/memory.ts";
import { withShapedNet } from "../../src/job/summary.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { tinyNetwork, writeTinyDataset } from "../support/tiny-dataset.ts";

const at = temporaryFolder("check");
const dice = fileURLToPath(new URL("../../layers/dice.ts", import.meta.url));

const check = (text: string, more: Partial<CheckRequest> = {}) =>
  checkNetwork({
    ...{ text, dataset: at("tiny"), layers: [], weights: [], settings: {}, trusted: false },
    ...more,
  });

beforeAll(async () => {
  await writeTinyDataset(at("tiny"));
});

/** The tiny net with another layer between its scaling and its score. */
const withLayer = (layer: string, bottom = "scaled") =>
  tinyNetwork()
    .replace('bottom: "scaled" top: "score"', `bottom: "${bottom}" top: "score"`)
    .replace('layer { name: "score"', `${layer}\nlayer { name: "score"`);

describe("a network that can be trained", () => {
  test("has layers with shapes, parameters and the nets that they are part of", async () => {
    const { problem, layers, parameters, bytes } = await check(tinyNetwork());
    expect(problem).toBeUndefined();
    const score = layers.find(({ name }) => name === "score");
    expect(score).toMatchObject({ states: ["train", "val", "deploy"], parameters: 4, line: 8 });
    expect(score?.tops).toEqual([{ name: "score", shape: [2, 2, 8, 8] }]);
    const states = (name: string) =>
      layers.filter((one) => one.name === name).map((one) => one.states);
    expect(states("loss")).toEqual([["train", "val"]]);
    expect(states("accuracy")).toEqual([["val"]]);
    expect(states("data")).toEqual([["train"], ["val"], ["deploy"]]);
    expect(parameters).toBe(4);
    expect(bytes).toBeGreaterThan(0);
  });

  test("is drawn, each layer with its place in the text", async () => {
    const { graph } = await check(tinyNetwork());
    const score = graph?.layers.find(({ name }) => name === "score");
    expect(score).toMatchObject({ line: 8, states: ["train", "val", "deploy"], isWrong: false });
    expect(score?.lines.map(({ text }) => text)).toContain("4 parameters");
    expect(graph?.wires.filter(({ blob }) => blob === "score").length).toBe(3);
  });

  test("takes the batch of the form, and the largest of a sweep", async () => {
    const { layers } = await check(tinyNetwork(), { settings: { batchSize: 5 } });
    expect(layers.find(({ name }) => name === "score")?.tops[0]?.shape).toEqual([5, 2, 8, 8]);
  });
});

describe("a mistake", () => {
  test("in the text has line and column", async () => {
    const { problem } = await check('layer {\n  name: "a"\n  typo: "b"\n}');
    expect(problem).toMatchObject({ line: 3, column: 7 }); // as protobuf counts: behind the name
    expect(problem?.message).toContain('no field named "typo"');
  });

  test("in a type is at its layer", async () => {
    const { problem, graph } = await check(tinyNetwork().replace("Convolution", "Convolutoin"));
    expect(problem?.message).toContain("Convolutoin");
    expect(problem?.line).toBe(8);
    expect(graph?.layers.find(({ isWrong }) => isWrong)?.name).toBe("score");
  });

  test("in a shape is at its layer, and the layers before it keep their shapes", async () => {
    const crop =
      'layer { name: "huge" type: "Convolution" bottom: "scaled" top: "huge" convolution_param { num_output: 1 kernel_size: 99 weight_filler { type: "xavier" } } }';
    const { problem, layers } = await check(withLayer(crop, "huge"));
    expect(problem?.line).toBe(8);
    expect(layers.find(({ name }) => name === "scale")?.tops[0]?.shape).toEqual([2, 1, 8, 8]);
  });

  test("that only the validation net has is found, too", async () => {
    const text = tinyNetwork().replace(
      'type: "Accuracy" bottom: "score" bottom: "label"',
      'type: "Accuracy" bottom: "score" bottom: "score"',
    );
    const { problem } = await check(text);
    expect(problem?.line).toBe(11);
  });

  test("names a blob that no layer makes", async () => {
    const { problem } = await check(tinyNetwork().replace('bottom: "scaled"', 'bottom: "scald"'));
    expect(problem?.message).toContain("references bottom 'scald'");
    expect(problem?.line).toBe(8);
  });
});

describe("advice", () => {
  test("warns of weights that start at zero", async () => {
    expect((await check(tinyNetwork(""))).notes[0]).toContain("all weights start at 0");
    expect((await check(tinyNetwork())).notes).toEqual([]);
  });

  test("says that nothing will be learned without a loss", async () => {
    const { notes } = await check(tinyNetwork().replace(/layer \{ name: "loss".*\n/, ""));
    expect(notes.join()).toContain("nothing will be learned");
  });

  test("tells what of the text the form overrules", async () => {
    const { notes } = await check(
      tinyNetwork().replace("batch_size: 2", 'batch_size: 2 source: "x"'),
    );
    expect(notes).toContain("Ignoring data_param.source of layer data");
  });
});

describe("memory", () => {
  test("that no heap has is refused with the layers that need most", async () => {
    const { problem } = await check(tinyNetwork(), { settings: { batchSize: 9_000_000 } });
    expect(problem?.message).toMatch(/the net needs .* the CPU heap ends at .* largest layers: /);
    expect(problem?.message).toMatch(/A batch of \d+ in place of 9000000 would fit/);
  });

  test("that this machine does not have free is a note", async () => {
    const net = parsePrototxt(tinyNetwork(), { message: "NetParameter" });
    const advice = await withShapedNet(net, { imageShape: [1, 8, 8] }, (shaped) =>
      memoryAdvice(shaped.net, 2 ** 20),
    );
    expect(advice.problem).toBeUndefined();
    expect(advice.notes[0]).toMatch(/this machine has 1 MiB of .* free/);
  });
});

describe("pretrained weights", () => {
  const conv = (name: string, channels: number) =>
    parsePrototxt(
      `input: "data" input_shape { dim: 1 dim: ${channels} dim: 8 dim: 8 }
       layer { name: "${name}" type: "Convolution" bottom: "data" top: "y"
         convolution_param { num_output: 2 kernel_size: 1 weight_filler { type: "xavier" } } }`,
      { message: "NetParameter" },
    );
  const weights = async (name: string, channels: number) => {
    const net = await Net.load(conv(name, channels));
    const file = at(`${name}-${channels}.caffemodel`);
    await writeCaffemodel(file, net.toProto());
    net.dispose();
    return file;
  };

  test("of another shape meet Caffe's sentence, at the layer, with what to do", async () => {
    const { problem } = await check(tinyNetwork(""), { weights: [await weights("score", 3)] });
    expect(problem?.message).toContain(
      "Cannot copy param 0 weights from layer 'score'; shape mismatch.  Source param shape is 2 3 1 1 (6); " +
        "target param shape is 2 1 1 1 (2).",
    );
    expect(problem?.message).toContain("clone the dataset with the image type RGB");
    expect(problem?.line).toBe(8);
  });

  test("that fit take layers off zero; those that lack a layer do not", async () => {
    const fits = await check(tinyNetwork(""), { weights: [await weights("score", 1)] });
    expect(fits.problem).toBeUndefined();
    expect(fits.notes).toEqual([]);
    const others = await check(tinyNetwork(""), { weights: [await weights("other", 1)] });
    expect(others.notes.join()).toMatch(/all weights start at 0.*not in the weights file: score/);
  });

  test("that are none are refused", async () => {
    writeFileSync(at("none.caffemodel"), "not weights");
    expect(
      (await check(tinyNetwork(), { weights: [at("none.caffemodel")] })).problem,
    ).toBeDefined();
  });
});

describe("custom layers", () => {
  const python = (module: string, layer: string) =>
    `layer { name: "mine" type: "Python" bottom: "scaled" top: "mine" python_param { module: "${module}" layer: "${layer}" } }`;
  const file = (name: string, source: string) => {
    mkdirSync(at("files"), { recursive: true });
    writeFileSync(at("files", name), source);
    return at("files", name);
  };

  test("that are given are built, fenced, and tell their shapes", async () => {
    const half = file(
      "half.ts",
      `import { Layer } from "cortado";
       export class Half extends Layer {
         setup() {}
         reshape(bottom, top) { const [n, c, h, w] = bottom[0].shape; top[0].reshape(n, c, h / 2, w / 2); }
         forward() {}
         backward() {}
       }`,
    );
    const text = withLayer(python("half", "Half"), "mine");
    const { problem, layers } = await check(text, { layers: [half] });
    expect(layers.find(({ name }) => name === "mine")?.tops[0]?.shape).toEqual([2, 1, 4, 4]);
    // The labels have 8 x 8 pixels, so the loss cannot be built on scores of 4 x 4.
    expect(problem?.line).toBe(11);
  });

  test("of the tutorial's name are found in whatever file exports the class", async () => {
    const { customLayers, missingLayers } = await check(tinyNetwork(), { layers: [dice] });
    expect(customLayers).toEqual(["digits_python_layers.Dice"]);
    expect(missingLayers).toEqual([]);
  });

  test("that are missing are named, and taken to keep shapes", async () => {
    const { problem, parameters, missingLayers } = await check(withLayer(python("a", "A"), "mine"));
    expect(problem).toBeUndefined();
    expect(parameters).toBe(4);
    expect(missingLayers).toEqual(["a.A"]);
  });

  test("with a mistake have its line in their file", async () => {
    const broken = file(
      "broken.ts",
      'import { Layer } from "cortado";\nexport class Broken extends Layer {\n  setup( {}\n}\n',
    );
    const { problem } = await check(withLayer(python("broken", "Broken"), "mine"), {
      layers: [broken],
    });
    expect(problem?.message).toContain("broken.ts:4:1: does not compile");
    expect(problem?.message).not.toContain("cortado-check-");
  });

  test("that loop for ever, or open files, end as a problem", async () => {
    const reader = file(
      "reader.ts",
      `import { readFileSync } from "node:fs"; import { Layer } from "cortado";
       export class Reader extends Layer {
         setup() { readFileSync("/etc/passwd"); } reshape(b, t) { t[0].reshape(1); } forward() {} backward() {}
       }`,
    );
    const { problem } = await check(withLayer(python("reader", "Reader"), "mine"), {
      layers: [reader],
    });
    expect(problem?.message).toBeDefined();
    expect(problem?.message).not.toContain("root:");
  });
});
