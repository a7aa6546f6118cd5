import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Net, Solver, loadImage, parsePrototxt } from "cortado";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { hasShared, sharedPath } from "../support/shared.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { vocImages, writeSbdd, writeVoc } from "../support/voc-folder.ts";
import { folderWith } from "./support.ts";

const at = temporaryFolder("voc");
const MEAN = [104.00699, 116.66877, 122.67892];

beforeAll(async () => {
  await writeVoc(at());
  await writeSbdd(at());
});

const dataLayer = (paramStr: string, layer = "VOCSegDataLayer") =>
  `layer { name: "data" type: "Python" top: "data" top: "label"
    python_param { module: "voc_layers" layer: "${layer}" param_str: "${paramStr}" } }`;

async function netOf(prototxt: string, root = at()): Promise<Net> {
  const net = await Net.load(parsePrototxt(prototxt, { message: "NetParameter" }), {
    root,
    threads: 1,
    seed: 1,
  });
  onTestFinished(() => net.dispose());
  return net;
}

/** Which of the images a pass gave, told by its shape. */
function imageOf(net: Net): number {
  const [, , height, width] = net.blobs.get("data")!.shape;
  return vocImages.findIndex((image) => image.height === height && image.width === width);
}

async function imagesOf(net: Net, passes: number): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < passes; i++) {
    await net.forward();
    seen.push(imageOf(net));
  }
  return seen;
}

const param = (split: string, more = "") => `{'voc_dir': 'VOC2012', 'split': '${split}'${more}}`;

test("gives each image in its own size, blue first and less the mean, and its label's indices", async () => {
  const net = await netOf(dataLayer(param("val", `, 'mean': (${MEAN.join(", ")})`)));
  for (const { name, width, height, label } of [...vocImages.slice(0, 2), vocImages[0]!]) {
    const outputs = await net.forward();
    expect(net.blobs.get("data")!.shape).toEqual([1, 3, height, width]);
    expect(net.blobs.get("label")!.shape).toEqual([1, 1, height, width]);
    expect([...outputs.label!]).toEqual([...label]);
    const image = await loadImage(at("VOC2012", "JPEGImages", `${name}.jpg`), "bgr");
    const area = width * height;
    const expected = Float32Array.from(image.data, (v, i) => v - MEAN[Math.floor(i / area)]!);
    expect(outputs.data).toEqual(expected);
    expect(Math.max(...expected)).toBeGreaterThan(10);
  }
});

test("has the shape of the first image before the first pass", async () => {
  const net = await netOf(dataLayer(param("val")));
  expect(net.blobs.get("data")!.shape).toEqual([1, 3, 4, 5]);
});

test("draws images at random for training, the same ones for the same seed", async () => {
  const drawn = async (more: string) => imagesOf(await netOf(dataLayer(param("train", more))), 12);
  const first = await drawn(", 'seed': 1");
  expect(new Set(first).size).toBe(3);
  expect(await drawn(", 'seed': 1")).toEqual(first);
  expect(await drawn(", 'seed': 2")).not.toEqual(first);
  expect(await drawn("")).toEqual(await drawn("")); // the net's own seed
  expect(await drawn(", 'randomize': False")).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
});

test("goes on with the images that were to come when a run is resumed", async () => {
  const score = `layer { name: "score" type: "Convolution" bottom: "data" top: "score"
    convolution_param { num_output: 4 kernel_size: 1 weight_filler { type: "xavier" } } }
    layer { name: "loss" type: "SoftmaxWithLoss" bottom: "score" bottom: "label" top: "loss" loss_param { ignore_label: 255 } }`;
  const solverOf = async (root: string, options: { snapshot?: string } = {}) => {
    const solver = await Solver.load(join(root, "solver.prototxt"), {
      root,
      threads: 1,
      ...options,
    });
    onTestFinished(() => solver.dispose());
    return solver;
  };
  for (const seed of ["", ", 'seed': 1337"]) {
    const root = folderWith({
      "net.prototxt": dataLayer(param("train", seed).replace("VOC2012", at("VOC2012"))) + score,
      "solver.prototxt":
        'net: "net.prototxt" base_lr: 1e-5 lr_policy: "fixed" random_seed: 5 snapshot_prefix: "s"',
    });
    const whole = await solverOf(root);
    await whole.step(9);
    const half = await solverOf(root);
    await half.step(4);
    const { state } = await half.snapshot();
    const resumed = await solverOf(root, { snapshot: state });
    await resumed.step(5);
    const [a, b] = [whole, resumed].map(({ net }) => [...net.params.get("score")![0]!.data]);
    expect(b).toEqual(a);
    expect(imageOf(resumed.net)).toBe(imageOf(whole.net));
  }
});

test("reads the Semantic Boundaries Dataset, whose labels were written as PNGs", async () => {
  const net = await netOf(
    dataLayer("{'sbdd_dir': 'sbdd', 'split': 'val', 'seed': 1337}", "SBDDSegDataLayer"),
  );
  const { label } = await net.forward();
  expect([...label!]).toEqual([...vocImages[0]!.label]);
});

test("says how labels in MATLAB files become readable", async () => {
  const folder = await writeSbdd(folderWith({}));
  const file = join(folder, "cls", `${vocImages[0]!.name}.png`);
  renameSync(file, file.replace(".png", ".mat"));
  const net = netOf(dataLayer(`{'sbdd_dir': '${folder}', 'split': 'val'}`, "SBDDSegDataLayer"));
  await expect(net).rejects.toThrow(
    /voc-layers\.ts:\d+:\d+: layer "data" \(Python, SBDDSegDataLayer\.prepare\): .*2007_000000\.mat is a MATLAB file, which is not read here: write the labels as PNGs beside/,
  );
});

test("says what is wrong with a net, a parameter or a file", async () => {
  const message = async (prototxt: string, root = at()) =>
    netOf(prototxt, root).then(
      () => "",
      (error: Error) => error.message,
    );
  const valid = dataLayer(param("val"));
  expect(await message(dataLayer("{'split': 'val'}"))).toMatch(
    /voc-layers\.ts:\d+:\d+: layer "data" \(Python, VOCSegDataLayer\.setup\): param_str needs 'voc_dir' and 'split'\.$/,
  );
  expect(await message(valid.replace('top: "label"', ""))).toMatch(
    /Need to define two tops: data and label\.$/,
  );
  const input = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 } } }';
  expect(await message(input + valid.replace("top:", 'bottom: "x" top:'))).toMatch(
    /Do not define a bottom\.$/,
  );
  expect(await message(dataLayer(param("nowhere")))).toMatch(/ENOENT.*Segmentation\/nowhere\.txt/);
  expect(await message(dataLayer("{'voc_dir': 'VOC2012' split: 'val'}"))).toMatch(
    /layer "data" \(Python\): param_str:1:23: expected "," or "\}" after the value of voc_dir, found "split"$/,
  );
  const root = folderWith({});
  const folder = await writeVoc(root);
  writeFileSync(join(folder, "SegmentationClass", "2007_000000.png"), "no image");
  expect(await message(valid, root)).toMatch(
    /voc-layers\.ts:\d+:\d+: layer "data" \(Python, VOCSegDataLayer\.prepare\): .*2007_000000\.png: the image cannot be decoded/,
  );
  rmSync(join(folder, "JPEGImages", "2007_000000.jpg"));
  expect(await message(valid, root)).toMatch(
    /voc-layers\.ts:\d+:\d+: .*2007_000000\.jpg: cannot be read: no such file or directory/,
  );
});

const withoutShared = hasShared ? "" : " (skipped: ../shared is absent)";

test.skipIf(withoutShared)(
  `feeds the published voc-fcn-alexnet, unchanged but for the folder${withoutShared}`,
  async () => {
    const path = ["data", "prototxt", "shelhamer__fcn.berkeleyvision.org", "voc-fcn-alexnet"];
    const published = readFileSync(sharedPath(...path, "train.prototxt"), "utf8");
    const net = await netOf(published.replace("../data/sbdd/dataset", at("sbdd")));
    const outputs = await net.forward();
    const { width, height } = vocImages[imageOf(net)]!;
    expect(net.blobs.get("score")!.shape).toEqual([1, 21, height, width]);
    // All weights of score_fr are 0, so that every class is as likely; normalize divides by the
    // pixels that count.
    expect(outputs.loss![0]).toBeCloseTo(Math.log(21), 5);
  },
);
