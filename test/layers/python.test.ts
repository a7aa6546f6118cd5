import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CustomLayerError, Net, type NetOptions } from "cortado";
import { expect, onTestFinished, test } from "vitest";
import { writeVoc } from "../support/voc-folder.ts";

const layerFolder = fileURLToPath(new URL("../../layers", import.meta.url));

/** Loads a net from a file in a folder of its own, in which `files` lie too. */
async function netOf(
  prototxt: string,
  files: Readonly<Record<string, string>> = {},
  options: NetOptions = {},
): Promise<Net> {
  const folder = mkdtempSync(join(tmpdir(), "cortado-python-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const path = join(folder, "net.prototxt");
  writeFileSync(path, prototxt);
  const net = await Net.load(path, { phase: "TRAIN", threads: 1, ...options });
  onTestFinished(() => net.dispose());
  return net;
}

const input = (name: string, ...shape: number[]) =>
  `layer { name: "${name}" type: "Input" top: "${name}"
    input_param { shape { ${shape.map((dim) => `dim: ${dim}`).join(" ")} } } }\n`;

const SCORE_AND_LABEL = input("score", 1, 2, 2, 2) + input("label", 1, 1, 2, 2);
/** Predicts class 1 at the first two pixels; one of them is labelled, and one that is not predicted. */
const VALUES = { score: [0, 0, 0, 0, 2, 1, -1, -3], label: [1, 0, 1, 0] };

const DICE = `
layer {
    type: 'Python'
    name: 'dice'
    bottom: 'score'
    bottom: 'label'
    top: 'dice'
    python_param {
      module: "digits_python_layers"
      layer: "Dice"
    }
    exclude { stage: "deploy" }
}`;

test("runs the tutorial's layer from the file that the user uploads, in a net of the training stage", async () => {
  const folder = mkdtempSync(join(tmpdir(), "cortado-upload-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const uploaded = join(folder, "anything.ts");
  const text = readFileSync(join(layerFolder, "dice.ts"), "utf8");
  writeFileSync(uploaded, text.replace(".mean()", ".mean().mul(100)"));
  const prototxt = SCORE_AND_LABEL + DICE;
  const net = await netOf(prototxt, {}, { layers: uploaded });
  expect(await net.forward(VALUES)).toEqual({ dice: Float32Array.of(50) });
  expect(net.loss).toBe(0);
  const deployed = await netOf(prototxt, {}, { layers: uploaded, stages: ["deploy"] });
  expect(deployed.outputs).toEqual(["label", "score"]);
});

test("counts the top of a loss by its loss_weight, and carries the gradient on", async () => {
  const loss = (weight: number) => `force_backward: true\n${SCORE_AND_LABEL}
    layer { name: "loss" type: "Python" bottom: "score" bottom: "label" top: "loss"
      python_param { module: "dice-loss" layer: "DiceLoss" } loss_weight: ${weight} propagate_down: 1 propagate_down: 0 }`;
  const [single, triple] = [await netOf(loss(1)), await netOf(loss(3))];
  for (const net of [single, triple]) {
    await net.forward(VALUES);
    await net.backward();
  }
  const p = [2, 1, -1, -3].map((score) => 1 / (1 + Math.exp(-score)));
  const expected = 1 - (2 * (p[0]! + p[2]!) + 1) / (p.reduce((a, b) => a + b) + 3);
  expect(single.loss).toBeCloseTo(expected, 6);
  expect(triple.loss).toBeCloseTo(3 * expected, 6);
  const [dx, dx3] = [single, triple].map((net) => [...net.blobs.get("score")!.diff]);
  expect(Math.max(...dx!)).toBeGreaterThan(0.01);
  expect(dx3).toEqual(dx!.map((value) => expect.closeTo(3 * value, 6)));
});

test("every file of layers/ shows a prototxt that loads and runs", async () => {
  const files = readdirSync(layerFolder).filter((name) => name.endsWith(".ts"));
  expect(files.length).toBeGreaterThanOrEqual(7);
  const root = mkdtempSync(join(tmpdir(), "cortado-examples-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  await writeVoc(root);
  const images = { shape: [1, 2, 2, 2], values: VALUES.score };
  const labels = { shape: [1, 1, 2, 2], values: VALUES.label };
  const bottoms: Readonly<Record<string, typeof images>> = {
    score: images,
    raw_data: images,
    label: labels,
    raw_label: labels,
    pred: images,
    target: { ...images, values: VALUES.score.toReversed() },
  };
  for (const name of files) {
    const text = readFileSync(join(layerFolder, name), "utf8");
    const [, comment] = /\/\*\*(.*?)\*\//s.exec(text)!;
    const shown = comment!.replace(/^ \* ?/gm, "");
    const prototxt = shown.slice(shown.indexOf("layer {"));
    const used = [...prototxt.matchAll(/bottom: "(\w+)"/g)].map(([, bottom]) => bottom!);
    const inputs = used.map((bottom) => input(bottom, ...bottoms[bottom]!.shape)).join("");
    const net = await netOf(inputs + prototxt, {}, { root, stages: ["train"] });
    await net.forward(Object.fromEntries(used.map((bottom) => [bottom, bottoms[bottom]!.values])));
    const [, top] = /top: "(\w+)"/.exec(prototxt)!;
    expect(Math.max(...net.blobs.get(top!)!.data), name).toBeGreaterThan(0);
    expect(net.loss === 0, name).toBe(!prototxt.includes("loss_weight: 1"));
  }
});

test("trains the learnable blobs of a custom layer, and saves and loads them", async () => {
  const prototxt = `${input("x", 2)}
    layer { name: "mine" type: "Python" bottom: "x" top: "y" param { lr_mult: 2 }
      python_param { module: "mine" layer: "Mine" } loss_weight: 1 }`;
  const files = {
    "mine.ts": `
      import { type Blob, Layer } from "cortado";
      export class Mine extends Layer {
        static override autodiff = true;
        override setup() { this.addBlob([2], { type: "uniform", min: 1, max: 2 }); }
        override reshape(_: Blob[], [y]: [Blob]) { y.reshape(1); }
        override forward([x]: [Blob], [y]: [Blob]) { y.set(x.tensor().mul(this.blobs[0]!.tensor()).sum()); }
      }`,
  };
  const net = await netOf(prototxt, files, { seed: 1 });
  expect(net.learnableParams).toMatchObject([{ layerName: "mine", index: 0, lrMult: 2 }]);
  const weight = net.params.get("mine")![0]!;
  for (const value of weight.data) expect(value > 1 && value < 2).toBe(true);
  for (let i = 0; i < 2; i++) {
    await net.forward({ x: [3, 4] });
    await net.backward();
  }
  expect([...weight.diff]).toEqual([6, 8]);
  const again = await netOf(prototxt, files, { seed: 2 });
  await again.copyTrainedLayersFrom(net.toProto());
  expect([...again.params.get("mine")![0]!.data]).toEqual([...weight.data]);
});

test("follows a top that changes its shape in forward, as proposal layers do", async () => {
  const files = {
    "grow.js": `import { Layer } from "cortado";
      export class Grow extends Layer {
        reshape(bottom, top) { top[0].reshape(1, 1); }
        forward(bottom, top) { top[0].reshape(bottom[0].data[0], 2); top[0].set(5); }
      }`,
  };
  const net = await netOf(
    `${input("n", 1)}
    layer { name: "grow" type: "Python" bottom: "n" top: "rois" python_param { module: "grow" layer: "Grow" } }
    layer { name: "twice" type: "Power" bottom: "rois" top: "y" power_param { scale: 2 } }`,
    files,
  );
  expect(await net.forward({ n: [3] })).toEqual({ y: new Float32Array(6).fill(10) });
  expect(await net.forward({ n: [1] })).toEqual({ y: new Float32Array(2).fill(10) });
});

async function messageOf(net: Promise<Net>): Promise<string> {
  const error = await net.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof Error ? error.message : "nothing was thrown";
}

test("places a missing module, class or field in the prototxt", async () => {
  const net = (param: string) =>
    messageOf(
      netOf(`${input("x", 1)}layer { name: "mine" type: "Python" bottom: "x"\n  ${param} }`),
    );
  expect(await net('python_param { module: "nowhere" layer: "A" }')).toMatch(
    /net\.prototxt:4:18: layer "mine" \(Python\): No module named "nowhere": there is no nowhere\.ts/,
  );
  expect(await net('python_param { module: "dice" layer: "A" }')).toMatch(
    /net\.prototxt:4:18: layer "mine" \(Python\): layers\/dice\.ts does not export a class A; its layers are Dice$/,
  );
  expect(await net('python_param { module: "dice" }')).toMatch(
    /net\.prototxt:4:3: layer "mine" \(Python\): python_param needs `layer`/,
  );
  expect(await net("")).toMatch(/layer "mine" \(Python\): python_param needs `module`/);
});

test("reports what a layer throws in a running net with the layer's own line", async () => {
  const files = {
    "mine.ts": `import { Layer } from "cortado";
export class Mine extends Layer {
  reshape(bottom, top) { top[0].reshape(1); }
  forward() {
    throw new RangeError("too far");
  }
}`,
  };
  const net = await netOf(
    `${input("x", 1)}layer { name: "mine" type: "Python" bottom: "x" top: "y" python_param { module: "mine" layer: "Mine" } }`,
    files,
  );
  const error = await net.forward().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CustomLayerError);
  expect(error).toMatchObject({
    code: "custom-layer",
    message: expect.stringMatching(
      /mine\.ts:5:11: layer "mine" \(Python, Mine\.forward\): RangeError: too far$/,
    ),
    excerpt: '    throw new RangeError("too far");\n          ^',
  });
});

test("accepts share_in_parallel, and python_param in layers of other types", async () => {
  const net = await netOf(
    `${input("x", 2)}
    layer { name: "mine" type: "Python" bottom: "x" top: "y"
      python_param { module: "mine" layer: "Mine" share_in_parallel: true } }
    layer { name: "relu" type: "ReLU" bottom: "y" top: "z" python_param { module: "nowhere" } }`,
    {
      "mine.js": `import { Layer } from "cortado";
      export class Mine extends Layer {
        reshape([x], [y]) { y.reshapeLike(x); }
        forward([x], [y]) { y.set(x.tensor().mul(2)); }
      }`,
    },
  );
  expect(await net.forward({ x: [1, -1] })).toEqual({ z: Float32Array.of(2, 0) });
});

test("lets NaN through, as Caffe does", async () => {
  const net = await netOf(SCORE_AND_LABEL + DICE.replace("digits_python_layers", "dice"));
  expect(await net.forward({ score: new Array(8).fill(0), label: [0, 0, 0, 0] })).toEqual({
    dice: Float32Array.of(Number.NaN),
  });
});

test("places a param_str that cannot be read in the prototxt, and shows where it goes wrong", async () => {
  const files = {
    "mine.ts": `import { Layer } from "cortado";
      export class Mine extends Layer {
        override setup() { this.params; }
        override reshape() {}
        override forward() {}
      }`,
  };
  const load = (paramStr: string) =>
    netOf(
      `${input("x", 1)}layer { name: "mine" type: "Python" bottom: "x"
  python_param { module: "mine" layer: "Mine"
    param_str: "${paramStr}" } }`,
      files,
    ).catch((reason: unknown) => reason);
  expect(await load("{'seed' 1337}")).toMatchObject({
    code: "custom-layer",
    message: expect.stringMatching(
      /net\.prototxt:5:5: layer "mine" \(Python\): param_str:1:9: expected ":" after the key seed, found "1337"$/,
    ),
    excerpt: "{'seed' 1337}\n        ^",
  });
  expect(await load("[1, 2]")).toMatchObject({
    message: expect.stringMatching(
      /net\.prototxt:5:5: layer "mine" \(Python\): param_str is no dict, as \{'seed': 1\} or "seed: 1" is, but \[1,2\]$/,
    ),
  });
  expect(await load("'seed': 1337")).toBeInstanceOf(Net);
});
