/** @file Custom layers in a solver: data layers that draw and wait, parameters that learn, exact resume. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Net, Solver } from "cortado";
import { expect, onTestFinished, test } from "vitest";
import { folderWith } from "./support.ts";

/** Draws points by the net's random numbers in an order of its own, and waits for each of them. */
const POINTS = `
  import { type Blob, Layer, prefetch } from "cortado";
  import { readFile } from "node:fs/promises";

  interface State { order: number[]; next: number }

  export class Points extends Layer {
    points: number[][] = [];
    state: State = { order: [], next: 0 };
    coming: Promise<number[]> | undefined;
    point: number[] = [];

    override async setup(bottom: Blob[], top: Blob[]) {
      if (bottom.length > 0 || top.length !== 2) throw new Error("no bottoms, two tops");
      const { file } = this.params as { file: string };
      this.points = JSON.parse(await readFile(this.resolvePath(file), "utf8"));
      this.shuffle();
    }
    shuffle() {
      const order = this.points.map((_, i) => i);
      for (let i = order.length - 1; i > 0; i--) {
        const j = this.random.integer(i);
        [order[i], order[j]] = [order[j]!, order[i]!];
      }
      this.state = { order, next: 0 };
    }
    override async prepare() {
      this.coming ??= this.load();
      this.point = await this.coming;
    }
    async load() {
      await new Promise((resolve) => setTimeout(resolve, 1));
      const point = this.points[this.state.order[this.state.next]!]!;
      if (point[0]! > 90) throw new Error("no such point");
      return point;
    }
    override reshape(_: Blob[], [x, y]: [Blob, Blob]) { x.reshape(1, 2); y.reshape(1, 1); }
    override forward(_: Blob[], [x, y]: [Blob, Blob]) {
      x.set(this.point.slice(0, 2));
      y.set(this.point.slice(2));
      this.state.next++;
      if (this.state.next === this.points.length) this.shuffle();
      this.coming = prefetch(this.load());
    }
    override backward() {}
    override saveState() { return this.state; }
    override restoreState(state: State) { this.state = structuredClone(state); this.coming = undefined; }
  }`;

/** y = w x + b, where both the weights and the bias are the layer's own. */
const LINEAR = `
  import { type Blob, Layer } from "cortado";
  export class Linear extends Layer {
    override setup([x]: [Blob]) {
      const { outputs = 1 } = this.params as { outputs?: number };
      this.addBlob([outputs, x.shape[1]!], { type: "gaussian", std: 0.1 });
      this.addBlob([outputs]);
    }
    override reshape([x]: [Blob], [y]: [Blob]) { y.reshape(x.shape[0]!, this.blobs[0]!.shape[0]!); }
    override forward([x]: [Blob], [y]: [Blob]) {
      const [weight, bias] = this.blobs as [Blob, Blob];
      y.set(x.tensor().matMul(weight.tensor(), false, true).add(bias.tensor()));
    }
    override backward([y]: [Blob], [wanted]: boolean[], [x]: [Blob]) {
      const [weight, bias] = this.blobs as [Blob, Blob];
      const dy = y.diffTensor();
      weight.setDiff(weight.diffTensor().add(dy.matMul(x.tensor(), true)));
      bias.setDiff(bias.diffTensor().add(dy.sum(0)));
      if (wanted) x.setDiff(dy.matMul(weight.tensor()));
    }
  }`;

const dataLayer = `layer { name: "points" type: "Python" top: "x" top: "t"
  python_param { module: "points" layer: "Points" param_str: "{'file': 'points.json'}" } }`;
const linear = (name: string, bottom: string, top: string, more = "") =>
  `layer { name: "${name}" type: "Python" bottom: "${bottom}" top: "${top}" ${more}
    python_param { module: "linear" layer: "Linear" } }`;
const NET = `name: "Line" ${dataLayer}
  ${linear("line", "x", "y", "param { lr_mult: 1 } param { lr_mult: 2 }")}
  layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "t" top: "loss" }`;
const SOLVER = `net: "net.prototxt" base_lr: 0.02 lr_policy: "fixed" momentum: 0.9 random_seed: 3
  snapshot_prefix: "line" display: 0`;

/** t = 2 a - b + 1. */
const points = Array.from({ length: 7 }, (_, i) => {
  const [a, b] = [Math.sin(i), Math.cos(2 * i)];
  return [a, b, 2 * a - b + 1];
});

function project(net = NET, files: Record<string, string> = {}): string {
  return folderWith({
    "points.ts": POINTS,
    "linear.ts": LINEAR,
    "points.json": JSON.stringify(points),
    "net.prototxt": net,
    "solver.prototxt": SOLVER,
    ...files,
  });
}

async function solverIn(root: string): Promise<Solver> {
  const solver = await Solver.load(join(root, "solver.prototxt"), { root, threads: 1 });
  onTestFinished(() => solver.dispose());
  return solver;
}

const weightsOf = ({ net }: Solver) => net.params.get("line")!.map(({ data }) => [...data]);

test("trains the parameters of a custom layer on a custom data layer", async () => {
  const solver = await solverIn(project());
  expect(solver.net.inputs).toEqual([]);
  await solver.step(400);
  const [weight, bias] = weightsOf(solver);
  expect(weight).toEqual([expect.closeTo(2, 2), expect.closeTo(-1, 2)]);
  expect(bias).toEqual([expect.closeTo(1, 2)]);
});

test("goes on from a snapshot bit for bit: the layer's state and the random numbers it draws", async () => {
  const root = project();
  const whole = await solverIn(root);
  await whole.step(10);
  const half = await solverIn(root);
  await half.step(5);
  const { state } = await half.snapshot();
  const saved = JSON.parse(readFileSync(state.replace(".solverstate", ".resume.json"), "utf8"));
  expect(saved.net.points).toMatchObject({ next: 5 });
  const resumed = await solverIn(root);
  await resumed.restore(state);
  await resumed.step(5);
  expect(weightsOf(resumed)).toEqual(weightsOf(whole));
  expect(weightsOf(resumed)).not.toEqual(weightsOf(half));
  const other = await solverIn(root);
  await other.step(5);
  await other.restore(state);
  await other.step(5);
  expect(weightsOf(other)).toEqual(weightsOf(whole));
});

test("reports an item that could not be read in advance when its turn comes", async () => {
  const bad = points.with(3, [99, 0, 0]);
  const root = project(NET, { "points.json": JSON.stringify(bad) });
  const solver = await solverIn(root);
  await expect(solver.step(7)).rejects.toThrow(
    /points\.ts:34:33: layer "points" \(Python, Points\.prepare\): no such point$/,
  );
});

test.each(["line.caffemodel", "line.caffemodel.h5"])(
  "writes a custom layer's blobs to %s and reads them",
  async (file) => {
    const root = project();
    const solver = await solverIn(root);
    await solver.step(3);
    const weights = join(root, file);
    await solver.net.save(weights);
    const again = await Net.load(join(root, "net.prototxt"), { root, weights });
    onTestFinished(() => again.dispose());
    expect(again.params.get("line")!.map(({ data }) => [...data])).toEqual(weightsOf(solver));
  },
);

test("refuses weights of another shape or number with Caffe's sentences", async () => {
  const root = project();
  const solver = await solverIn(root);
  const model = join(root, "line.caffemodel");
  await solver.net.save(model);
  const load = (net: string) =>
    Net.load(join(project(net), "net.prototxt"), { root, weights: model });
  const wider = NET.replace('layer: "Linear"', `layer: "Linear" param_str: "'outputs': 2"`).replace(
    /layer \{ name: "loss".*/,
    "",
  );
  await expect(load(wider)).rejects.toThrow(
    "Cannot copy param 0 weights from layer 'line'; shape mismatch.  Source param shape is 1 2 (2); " +
      "target param shape is 2 2 (4). To learn this layer's parameters from scratch rather than " +
      "copying from a saved net, rename the layer.",
  );
  const without = NET.replace(
    /python_param \{ module: "linear"[^}]*\}/,
    "inner_product_param { num_output: 1 bias_term: false }",
  )
    .replace('name: "line" type: "Python"', 'name: "line" type: "InnerProduct"')
    .replace("param { lr_mult: 1 } param { lr_mult: 2 }", "");
  await expect(load(without)).rejects.toThrow(
    "Incompatible number of blobs for layer line: the file has 2, the net 1",
  );
});

test("shares blobs by name, also with a built-in layer, and adds their gradients", async () => {
  const shared = 'param { name: "w" } param { name: "b" }';
  const net = await Net.load(
    join(
      project(`force_backward: true
        layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }
        ${linear("one", "x", "y", shared)}
        layer { name: "two" type: "InnerProduct" bottom: "x" top: "z" ${shared} inner_product_param { num_output: 1 } }`),
      "net.prototxt",
    ),
    { phase: "TRAIN" },
  );
  onTestFinished(() => net.dispose());
  expect(net.learnableParams.map(({ layerName }) => layerName)).toEqual(["one", "one"]);
  const { y, z } = await net.forward({ x: [3, 4] });
  expect(z![0]).toBeCloseTo(y![0]!, 6);
  await net.backward({ y: [1], z: [10] });
  expect([...net.params.get("one")![0]!.diff]).toEqual([33, 44]);
});

test("says so when more params are given than a custom layer has blobs", async () => {
  const net = NET.replace("param { lr_mult: 2 }", "param { lr_mult: 2 } param { lr_mult: 3 }");
  const root = project(net);
  await expect(Net.load(join(root, "net.prototxt"), { root })).rejects.toThrow(
    /layer "line" \(Python\): Too many params specified for layer line/,
  );
});
