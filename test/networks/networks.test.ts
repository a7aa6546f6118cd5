import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/core/random.ts";
import { inputsInsteadOfData } from "../../src/job/data-stand-in.ts";
import { jobStates } from "../../src/job/states.ts";
import { summarizeNet } from "../../src/job/summary.ts";
import { readNetParameter } from "../../src/net/load-definition.ts";
import { Net } from "../../src/net/net.ts";
import { hasShared, sharedPath } from "../support/shared.ts";

const folder = fileURLToPath(new URL("../../networks/", import.meta.url));
const layers = [fileURLToPath(new URL("../../layers/", import.meta.url))];
const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".prototxt") && !file.endsWith("solver.prototxt"))
  .sort();
const read = (file: string) => readNetParameter(`${folder}${file}`);

describe("every network", () => {
  test.each(files)(
    "%s can be built for training, without a warning but for its fillers",
    async (file) => {
      const summary = await summarizeNet(read(file), { layers });
      expect(summary.warnings.filter((warning) => !warning.includes("weight_filler"))).toEqual([]);
    },
  );

  test.each(readdirSync(folder))("%s says how it is trained and what came out", (name) => {
    const readme = readFileSync(`${folder}${name}/README.md`, "utf8");
    expect(readme).toMatch(/cortado (fit|train|demo)/);
    expect(readme).toContain("Result");
  });
});

describe("sizes", () => {
  const summarize = (file: string, imageShape?: number[]) =>
    summarizeNet(read(file), { layers, ...(imageShape ? { imageShape } : {}) });

  test("of FCN-AlexNet are those of the tutorial, in colour and in gray", async () => {
    const colour = await summarize("fcn-alexnet/two-classes.prototxt");
    expect(colour.parameters).toBe(56_884_356);
    const gray = await summarize("fcn-alexnet/two-classes.prototxt", [1, 256, 256]);
    expect(gray.parameters).toBe(56_861_124);
    expect(colour.multiplyAdds / 1e9).toBeCloseTo(7.4, 1);
    const shapes = new Map(
      colour.layers.flatMap(({ tops }) => tops.map((top) => [top.name, top.shape] as const)),
    );
    expect(
      ["conv1", "pool1", "pool2", "pool5", "fc6", "upscore", "score"].map(
        (name) => shapes.get(name)?.[2],
      ),
    ).toEqual([112, 56, 28, 14, 9, 319, 256]);
  });

  test("of FCN-8s are those of the paper's net", async () => {
    const { layers: list, parameters } = await summarize("fcn-8s/two-classes.prototxt");
    const height = (name: string) => list.find((layer) => layer.name === name)?.tops[0]?.shape[2];
    expect(
      ["conv1_1", "pool5", "score_fr", "upscore2", "upscore_pool4", "upscore8", "score"].map(
        height,
      ),
    ).toEqual([454, 15, 9, 20, 42, 344, 256]);
    expect(parameters).toBe(134_270_854);
  });

  test.each([
    [256, 256],
    [200, 250],
    [101, 77],
  ])("of FCN-SqueezeNet fit an image of %i x %i", async (height, width) => {
    const { layers: list } = await summarize("fcn-squeezenet/network.prototxt", [3, height, width]);
    const score = list.find(({ name }) => name === "score");
    expect(score?.tops[0]?.shape).toEqual([1, 2, height, width]);
  });

  test.each([
    [128, 128],
    [91, 60],
  ])("of the demo's net fit an image of %i x %i", async (height, width) => {
    const { layers: list } = await summarize("demo-fcn/network.prototxt", [3, height, width]);
    expect(list.find(({ name }) => name === "score")?.tops[0]?.shape).toEqual([
      2,
      2,
      height,
      width,
    ]);
  });
});

describe("small networks", () => {
  test.each([
    ["lenet/network.prototxt", [1, 28, 28]],
    ["unet-small/network.prototxt", [1, 32, 48]],
    ["fcn-squeezenet/network.prototxt", [3, 48, 40]],
    ["demo-fcn/network.prototxt", [3, 40, 33]],
    ["demo-fcn/pretrain.prototxt", [3, 32, 32]],
  ])("%s runs forward and backward with a finite loss", async (file, imageShape) => {
    const state = { ...jobStates.train, stages: [...jobStates.train.stages] };
    const net = await Net.load(inputsInsteadOfData(read(file), state, imageShape), {
      ...state,
      layers,
      seed: 7,
      threads: 1,
    });
    const random = createRandom(3);
    for (const name of net.inputs) {
      const blob = net.blobs.get(name)!;
      const draw = name.includes("label") ? () => random.integer(1) : () => random.uniform(0, 255);
      blob.set(Float32Array.from({ length: blob.count }, draw));
    }
    await net.forward();
    await net.backward();
    expect(net.loss).toBeGreaterThan(0);
    expect(net.loss).toBeLessThan(20);
    const gradients = net.learnableParams.map(({ blob }) => blob.diff.some((value) => value !== 0));
    const nothingLearns = file === "demo-fcn/network.prototxt";
    expect(gradients.some(Boolean)).toBe(true);
    expect(gradients.filter(Boolean).length > 4).toBe(!nothingLearns);
    net.dispose();
  });

  test.skipIf(!hasShared)(
    "fcn-squeezenet has every layer of the published encoder (needs ../shared)",
    async () => {
      const published = readNetParameter(
        sharedPath("data", "models", "squeezenet_v1.0", "deploy.prototxt"),
      );
      const own = new Map(
        read("fcn-squeezenet/network.prototxt").layer.map((layer) => [layer.name, layer]),
      );
      const encoder = published.layer.filter(
        ({ name, type }) => type === "Convolution" && name !== "conv_final",
      );
      expect(encoder.length).toBe(25);
      for (const { name, convolutionParam } of encoder) {
        const { numOutput, kernelSize, stride } = own.get(name)?.convolutionParam ?? {};
        expect([name, numOutput, kernelSize, stride]).toEqual([
          name,
          convolutionParam?.numOutput,
          convolutionParam?.kernelSize,
          convolutionParam?.stride,
        ]);
      }
    },
  );
});
