/** @file Fenced layers in solvers and nets: the same curve, the same weights, an exact resume. */
import { join } from "node:path";
import { Net, Solver } from "cortado";
import { expect, onTestFinished, test } from "vitest";
import type { FenceOptions } from "../../../src/core/fence-options.ts";
import { folderWith } from "../support.ts";

/** Draws images with a disc each from the net's random numbers: a data layer without files. */
const DISCS = `
  import { type Blob, Layer, prefetch } from "cortado";
  export class Discs extends Layer {
    next: number[] | undefined;
    coming: Promise<number[]> | undefined;
    disc = [8, 8, 3];
    draw() { return [4 + this.random.integer(7), 4 + this.random.integer(7), this.random.uniform(2, 4)]; }
    override async prepare() {
      this.next ??= this.draw();
      this.coming ??= Promise.resolve(this.next);
      this.disc = await this.coming;
    }
    override reshape(_: Blob[], [image, label]: [Blob, Blob]) {
      image.reshape(1, 1, 16, 16); label.reshape(1, 1, 16, 16);
    }
    override forward(_: Blob[], [image, label]: [Blob, Blob]) {
      const [x, y, r] = this.disc as [number, number, number];
      label.data.forEach((_v, i, l) => { l[i] = Math.hypot((i % 16) - x, (i >> 4) - y) < r ? 1 : 0; });
      image.data.forEach((_v, i, v) => { v[i] = label.data[i]! + this.random.gaussian(0, 0.2); });
      this.next = this.draw();
      this.coming = prefetch(Promise.resolve(this.next));
    }
    override backward() {}
    override saveState() { return this.next; }
    override restoreState(next: number[]) { this.next = next; this.coming = undefined; }
  }`;

/** A convolution of 1 x 1 with learnable blobs of its own, the gradient derived. */
const MIX = `
  import { type Blob, Layer } from "cortado";
  export class Mix extends Layer {
    static override readonly autodiff = true;
    override setup() {
      const { outputs } = this.params as { outputs: number };
      this.addBlob([1, outputs, 1, 1], { type: "gaussian", std: 0.5 });
      this.addBlob([1, outputs, 1, 1], { type: "xavier" });
    }
    override reshape([x]: [Blob], [y]: [Blob]) { y.reshape(1, this.blobs[0]!.shape[1]!, 16, 16); }
    override forward([x]: [Blob], [y]: [Blob]) {
      const [weight, bias] = this.blobs as [Blob, Blob];
      y.set(x.tensor().mul(weight.tensor()).add(bias.tensor()));
    }
  }`;

const NET = `name: "Discs"
  layer { name: "discs" type: "Python" top: "image" top: "label" python_param { module: "discs" layer: "Discs" } }
  layer { name: "mix" type: "Python" bottom: "image" top: "score"
    python_param { module: "mix" layer: "Mix" param_str: "{'outputs': 2}" } }
  layer { name: "loss" type: "Python" bottom: "score" bottom: "label" top: "loss" loss_weight: 1
    python_param { module: "dice-loss" layer: "DiceLoss" } }
  layer { name: "dice" type: "Python" bottom: "score" bottom: "label" top: "dice"
    python_param { module: "dice" layer: "Dice" } }`;
const SOLVER = `net: "net.prototxt" base_lr: 0.5 lr_policy: "fixed" momentum: 0.9 random_seed: 3
  snapshot_prefix: "discs" display: 0`;

const project = () =>
  folderWith({ "discs.ts": DISCS, "mix.ts": MIX, "net.prototxt": NET, "solver.prototxt": SOLVER });

async function solverIn(root: string, fence: boolean | FenceOptions): Promise<Solver> {
  const solver = await Solver.load(join(root, "solver.prototxt"), { root, fence, threads: 1 });
  onTestFinished(() => solver.dispose());
  return solver;
}

/** Dice and loss of each iteration, then the weights. */
async function curve(solver: Solver, iterations: number): Promise<number[]> {
  const values: number[] = [];
  for (let i = 0; i < iterations; i++) {
    await solver.step(1);
    values.push(solver.net.blobs.get("loss")!.data[0]!, solver.net.blobs.get("dice")!.data[0]!);
  }
  return [...values, ...solver.net.params.get("mix")!.flatMap(({ data }) => [...data])];
}

test("a training with Dice has the same curve and weights, and learns", async () => {
  const root = project();
  const outside = await curve(await solverIn(root, false), 40);
  expect(await curve(await solverIn(root, true), 40)).toEqual(outside);
  expect(outside[1]).toBeLessThan(0.8);
  expect(
    outside
      .slice(60, 80)
      .filter((_, i) => i % 2 === 1)
      .at(-1),
  ).toBeGreaterThan(0.9);
});

test("a fenced training goes on from a snapshot as if it had never stopped", async () => {
  const root = project();
  const solver = await solverIn(root, true);
  await solver.step(5);
  await solver.snapshot();
  const rest = await curve(solver, 5);
  const resumed = await solverIn(root, true);
  await resumed.restore(join(root, "discs_iter_5.solverstate"));
  expect(await curve(resumed, 5)).toEqual(rest);
});

test("a net names the layer and the prototxt of a fenced layer that does not load", async () => {
  const root = project();
  const load = (text: string) =>
    Net.load(join(folderWith({ "net.prototxt": text }), "net.prototxt"), {
      layers: root,
      fence: true,
    });
  await expect(load(NET.replace('"Mix"', '"Mixer"'))).rejects.toThrow(
    /layer "mix" \(Python\): .*mix\.ts does not export a class Mixer; its layers are Mix$/,
  );
  await expect(load(NET.replace("{'outputs': 2}", "{'outputs' 2}"))).rejects.toThrow(
    /net\.prototxt:4:\d+: layer "mix" \(Python\): param_str:1:12: expected ":" after the key outputs, found "2"$/,
  );
  await expect(load(NET.replace('module: "mix"', 'module: "no"'))).rejects.toThrow(
    /No module named "no"/,
  );
});

test("a fenced layer reads the folders that it is given, and no other", async () => {
  const given = folderWith({ "in.txt": "7" });
  const other = folderWith({ "in.txt": "8" });
  const layer = `import { Layer } from "cortado"; import { readFile } from "node:fs/promises";
    export class Read extends Layer {
      async prepare() { this.value = Number(await readFile(this.resolvePath(this.paramStr), "utf8")); }
      reshape(_, top) { top[0].reshape(1); } forward(_, top) { top[0].set(this.value); } }`;
  const layers = folderWith({ "read.js": layer });
  const net = (file: string) =>
    `layer { name: "r" type: "Python" top: "y" python_param { module: "read" layer: "Read" param_str: "${file}" } }`;
  const load = (root: string) =>
    Net.load(join(folderWith({ "n.prototxt": net("in.txt") }), "n.prototxt"), {
      layers,
      root,
      fence: { read: [given] },
    });
  const loaded = await load(given);
  onTestFinished(() => loaded.dispose());
  expect([...(await loaded.forward()).y!]).toEqual([7]);
  await expect(load(other)).rejects.toThrow(
    /it tried to read .*in\.txt, which the fence does not allow/,
  );
});
