import { describe, expect, test } from "vitest";
import type { SolverType } from "../../src/solver/solver-types.ts";
import { batch, recordedLogger, regressionSolver } from "../support/solver.ts";

const { sqrt, sign } = Math;
const RATE = 0.1;

/** What a solver type does to one weight, in float64 as its paper (and Caffe's documentation) has it. */
type Reference = (g: number, history: number[], t: number, rate: number) => number;

const references: Readonly<Record<SolverType, Reference>> = {
  SGD: (g, h, _t, rate) => (h[0] = rate * g + 0.9 * (h[0] ?? 0)),
  Nesterov(g, h, _t, rate) {
    const before = h[0] ?? 0;
    h[0] = rate * g + 0.9 * before;
    return 1.9 * h[0] - 0.9 * before;
  },
  AdaGrad(g, h, _t, rate) {
    h[0] = (h[0] ?? 0) + g * g;
    return (rate * g) / (sqrt(h[0]) + 1e-4);
  },
  RMSProp(g, h, _t, rate) {
    h[0] = 0.95 * (h[0] ?? 0) + 0.05 * g * g;
    return (rate * g) / (sqrt(h[0]) + 1e-4);
  },
  AdaDelta(g, h, _t, rate) {
    h[0] = 0.9 * (h[0] ?? 0) + 0.1 * g * g;
    const update = g * sqrt(((h[1] ?? 0) + 1e-4) / (h[0] + 1e-4));
    h[1] = 0.9 * (h[1] ?? 0) + 0.1 * update * update;
    return rate * update;
  },
  Adam(g, h, t, rate) {
    h[0] = 0.9 * (h[0] ?? 0) + 0.1 * g;
    h[1] = 0.99 * (h[1] ?? 0) + 0.01 * g * g;
    const correction = sqrt(1 - 0.99 ** t) / (1 - 0.9 ** t);
    return (rate * correction * h[0]) / (sqrt(h[1]) + 1e-4);
  },
};

const constants: Readonly<Record<SolverType, string>> = {
  SGD: "momentum: 0.9",
  Nesterov: "momentum: 0.9",
  AdaGrad: "delta: 1e-4",
  RMSProp: "delta: 1e-4 rms_decay: 0.95",
  AdaDelta: "delta: 1e-4 momentum: 0.9",
  Adam: "delta: 1e-4 momentum: 0.9 momentum2: 0.99",
};

/** The gradients of weight (2 x 3) and bias (2) for the k-th batch, from the definition of the loss. */
function gradients([weight, bias]: readonly number[][], k: number): number[][] {
  const [x, t] = [batch(k, 12), batch(k, 8)];
  const sums = [new Array<number>(6).fill(0), [0, 0]];
  for (let n = 0; n < 4; n++) {
    for (let o = 0; o < 2; o++) {
      let y = bias![o]!;
      for (let i = 0; i < 3; i++) y += weight![3 * o + i]! * x[3 * n + i]!;
      const error = (y - t[2 * n + o]!) / 4;
      sums[1]![o]! += error;
      for (let i = 0; i < 3; i++) sums[0]![3 * o + i]! += error * x[3 * n + i]!;
    }
  }
  return sums;
}

/** The sum of the gradients of `count` batches from the k-th on. */
function summedGradients(params: readonly number[][], k: number, count: number): number[][] {
  const sums = params.map((values) => values.map(() => 0));
  for (let pass = k; pass < k + count; pass++) {
    for (const [p, values] of gradients(params, pass).entries()) {
      for (const [i, value] of values.entries()) sums[p]![i]! += value;
    }
  }
  return sums;
}

function expectClose(actual: Float32Array, expected: readonly number[]): void {
  const worst = Math.max(...expected.map((value, i) => Math.abs(actual[i]! - value)));
  expect(worst).toBeLessThan(5e-6); // float32 against float64, values below 2
}

interface Variant {
  readonly text: string;
  readonly iterSize?: number;
  readonly regularize?: (w: number) => number;
}

const variants: Readonly<Record<string, Variant>> = {
  "without weight decay": { text: "" },
  "with L2 decay": { text: "weight_decay: 0.05", regularize: (w) => 0.05 * w },
  "with L1 decay": {
    text: 'weight_decay: 0.05 regularization_type: "L1"',
    regularize: (w) => 0.05 * sign(w),
  },
  "with iter_size 3 and L2 decay": {
    text: "iter_size: 3 weight_decay: 0.05",
    iterSize: 3,
    regularize: (w) => 0.05 * w,
  },
};

describe.each(Object.keys(references) as SolverType[])("%s", (type) => {
  test.each(Object.entries(variants))("%s follows its formula", async (_, variant) => {
    const { text, iterSize = 1, regularize = () => 0 } = variant;
    const base = `type: "${type}" base_lr: ${RATE} lr_policy: "fixed" ${constants[type]}`;
    const solver = await regressionSolver(`${base} ${text}`);
    const params = solver.net.params.get("ip")!;
    const expected = params.map((blob) => [...blob.data]);
    const histories = expected.map((weights) => weights.map((): number[] => []));
    for (let t = 1; t <= 6; t++) {
      const sums = summedGradients(expected, (t - 1) * iterSize, iterSize);
      await solver.step(1);
      expected.forEach((weights, p) => {
        weights.forEach((w, i) => {
          const decay = p === 0 ? regularize(w) : 0; // the bias has decay_mult 0
          const g = sums[p]![i]! / iterSize + decay;
          weights[i] = w - references[type](g, histories[p]![i]!, t, RATE * (p + 1));
        });
      });
      for (const [p, blob] of params.entries()) expectClose(blob.data, expected[p]!);
    }
    solver.dispose();
  });
});

describe("clip_gradients", () => {
  test("limits the norm of the summed gradients, before iter_size divides and decay adds", async () => {
    const text =
      'base_lr: 1 lr_policy: "fixed" iter_size: 2 weight_decay: 0.5 clip_gradients: 0.01';
    const logger = recordedLogger();
    const solver = await regressionSolver(text, { logger });
    const params = solver.net.params.get("ip")!;
    const before = params.map((blob) => [...blob.data]);
    const sums = summedGradients(before, 0, 2);
    await solver.step(1);
    const norm = sqrt(sums.flat().reduce((sum, g) => sum + g * g, 0));
    params.forEach((blob, p) => {
      blob.data.forEach((value, i) => {
        const w = before[p]![i]!;
        const g = (sums[p]![i]! * 0.01) / norm / 2 + (p === 0 ? 0.5 * w : 0);
        expect(value).toBeCloseTo(w - (p + 1) * g, 5);
      });
    });
    const line = logger.lines.find((text) => text.startsWith("Gradient clipping"));
    expect(line).toMatch(
      /^Gradient clipping: scaling down gradients \(L2 norm \S+ > 0\.01\) by scale factor \S+$/,
    );
    solver.dispose();
  });

  test("leaves smaller gradients alone", async () => {
    const text = 'base_lr: 0.1 lr_policy: "fixed"';
    const [free, clipped] = [
      await regressionSolver(text),
      await regressionSolver(`${text} clip_gradients: 1e6`),
    ];
    await free.step(3);
    await clipped.step(3);
    expect(clipped.net.params.get("ip")![0]!.data).toEqual(free.net.params.get("ip")![0]!.data);
    free.dispose();
    clipped.dispose();
  });
});

const frozenNet = `
  layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 4 dim: 3 } } }
  layer { name: "t" type: "Input" top: "t" input_param { shape { dim: 4 dim: 2 } } }
  layer {
    name: "ip" type: "InnerProduct" bottom: "x" top: "y"
    param { lr_mult: 0 } param { lr_mult: 1 }
    inner_product_param { num_output: 2 weight_filler { type: "xavier" } }
  }
  layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "t" top: "loss" }`;

describe.each(Object.keys(references) as SolverType[])(
  "a parameter with lr_mult 0 (%s)",
  (type) => {
    const base = `type: "${type}" base_lr: ${RATE} lr_policy: "fixed" ${constants[type]}`;

    test("stays, its update is zero, and its history holds what weight decay adds", async () => {
      const solver = await regressionSolver(`${base} weight_decay: 0.5`, { net: frozenNet });
      const [weight, bias] = solver.net.params.get("ip")!;
      const before = [...weight!.data];
      await solver.step(3);
      expect([...weight!.data]).toEqual(before);
      expect(weight!.diff.every((value) => value === 0)).toBe(true);
      expect(bias!.data.some((value) => value !== 0)).toBe(true);
      const histories = before.map((): number[] => []);
      for (let t = 1; t <= 3; t++) {
        for (const [i, w] of before.entries()) references[type](0.5 * w, histories[i]!, t, 0);
      }
      for (let k = 0; 2 * k < solver.history.length; k++) {
        const expected = histories.map((history) => history[k]!);
        expectClose(solver.history[2 * k]!.data, expected);
      }
      solver.dispose();
    });

    test("costs no memory for a gradient where no weight decay is", async () => {
      const solver = await regressionSolver(base, { net: frozenNet });
      await solver.step(2);
      expect(solver.net.params.get("ip")![0]!.hasDiff).toBe(false);
      expect(solver.net.params.get("ip")![1]!.hasDiff).toBe(true);
      solver.dispose();
    });
  },
);
