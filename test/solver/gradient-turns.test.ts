import { afterAll, describe, expect, test } from "vitest";
import { openCpuDevice } from "../../src/index.ts";
import type { Solver } from "../../src/solver/index.ts";
import { expectSameBits } from "../support/same-bits.ts";
import { recordedLogger, regressionSolver } from "../support/solver.ts";

const device = openCpuDevice({ threads: 2 });
afterAll(() => device.dispose());

const base = 'base_lr: 0.02 lr_policy: "step" gamma: 0.5 stepsize: 2 snapshot_after_train: false';
const sgd = `${base} momentum: 0.9 weight_decay: 0.01`;

/** Two convolutions, one with a frozen bias, a Scale whose gradients its own layer is not alone with, two products. */
const net = `
  layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 8 dim: 8 } } }
  layer { name: "t" type: "Input" top: "t" input_param { shape { dim: 2 dim: 5 } } }
  layer { name: "conv1" type: "Convolution" bottom: "x" top: "conv1"
    convolution_param { num_output: 8 kernel_size: 3 pad: 1 weight_filler { type: "xavier" } } }
  layer { name: "scale" type: "Scale" bottom: "conv1" top: "scale" scale_param { bias_term: true } }
  layer { name: "conv2" type: "Convolution" bottom: "scale" top: "conv2" param { lr_mult: 1 } param { lr_mult: 0 }
    convolution_param { num_output: 6 kernel_size: 3 weight_filler { type: "xavier" } } }
  layer { name: "relu" type: "ReLU" bottom: "conv2" top: "conv2" }
  layer { name: "ip1" type: "InnerProduct" bottom: "conv2" top: "ip1" param { lr_mult: 1 } param { lr_mult: 2 decay_mult: 0 }
    inner_product_param { num_output: 20 weight_filler { type: "xavier" } } }
  layer { name: "ip2" type: "InnerProduct" bottom: "ip1" top: "y"
    inner_product_param { num_output: 5 weight_filler { type: "xavier" } } }
  layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "t" top: "loss" }`;

/** Sizes of the gradients of conv1, conv2, ip1 and ip2 that take turns: weights, then biases. */
const weights = [8 * 27, 6 * 72, 20 * 216, 5 * 20];
const biases = [8, 20, 5];

const load = (text: string, netText = net) => regressionSolver(text, { net: netText, device });

/** The same solver, whose gradients have all been looked at, and so keep memory of their own. */
async function loadLookedAt(text: string, netText = net): Promise<Solver> {
  const solver = await load(text, netText);
  for (const { blob } of solver.net.learnableParams) void blob.diff;
  return solver;
}

function expectSame(solver: Solver, other: Solver): void {
  for (const [i, { blob, layerName, index }] of solver.net.learnableParams.entries()) {
    const what = `${layerName} ${index}`;
    const twin = other.net.learnableParams[i]!.blob;
    expectSameBits(blob.data, twin.data, `${what} data`);
    expectSameBits(solver.history[i]!.data, other.history[i]!.data, `${what} history`);
    expectSameBits(blob.diff, twin.diff, `${what} diff`);
  }
}

describe("gradients that take turns in memory", () => {
  test("take as much as the largest of them", async () => {
    const [before, solver] = [device.heap.usedBytes, await load(sgd)];
    await solver.step(2);
    const bytes = device.heap.usedBytes - before;
    solver.dispose();
    const lookedAt = await loadLookedAt(sgd);
    await lookedAt.step(2);
    const all = device.heap.usedBytes - before;
    lookedAt.dispose();
    // The frozen bias of conv2 gets a gradient only because it was looked at.
    const rounded = (counts: number[]) => counts.map((count) => 64 * Math.ceil(count / 16));
    const spared = [weights, biases, [6]].flatMap(rounded).reduce((a, b) => a + b);
    const [weight, bias] = rounded([Math.max(...weights), Math.max(...biases)]);
    expect(all - bytes).toBe(spared - weight! - bias!);
    expect(device.heap.usedBytes).toBe(before);
  });

  test.each([
    ["momentum and L2 decay", sgd],
    ["L1 decay", `${sgd} regularization_type: "L1"`],
    ["plain SGD", base],
    ["a display in each iteration", `${sgd} display: 1`],
    ["iter_size", `${sgd} iter_size: 2`],
    ["clip_gradients", `${sgd} clip_gradients: 0.1`],
    ["debug_info", `${sgd} debug_info: true display: 1`],
    ["Nesterov", `${sgd} type: "Nesterov"`],
    ["Adam", `${base} type: "Adam" momentum: 0.9`],
  ])("change no bit of a training with %s", async (_, text) => {
    const [solver, other] = [await load(text), await loadLookedAt(text)];
    await solver.step(5);
    await other.step(5);
    expectSame(solver, other);
    // Now both have been looked at.
    await solver.step(3);
    await other.step(3);
    expectSame(solver, other);
    solver.dispose();
    other.dispose();
  });

  test("are the updates afterwards, and stay so while nobody trains", async () => {
    const solver = await load(sgd);
    await solver.step(3);
    const { blob } = solver.net.learnableParams.find(({ layerName }) => layerName === "ip1")!;
    const before = Float32Array.from(blob.data);
    const update = Float32Array.from(blob.diff);
    expect(update.some((value) => value !== 0)).toBe(true);
    blob.diff.fill(7);
    expect(solver.history.every(({ data }) => !data.includes(7))).toBe(true);
    const view = blob.diff;
    await solver.step(1);
    // A view stays one, as in pycaffe.
    expectSameBits(
      blob.data,
      before.map((value, i) => value - view[i]!),
    );
    solver.dispose();
  });

  test("are 0 before a pass, and may be looked at then", async () => {
    const [solver, other] = [await load(sgd), await load(sgd)];
    await solver.step(2);
    await other.step(2);
    const seen: number[] = [];
    const off = solver.net.onBeforeForward(({ learnableParams }) => {
      for (const { blob } of learnableParams) seen.push(...new Set(blob.diff));
    });
    await solver.step(1);
    off();
    await other.step(1);
    expect(new Set(seen)).toEqual(new Set([0]));
    expectSame(solver, other);
    solver.dispose();
    other.dispose();
  });

  test("are left alone where layers share a parameter", async () => {
    const shared = `
      layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 4 dim: 6 } } }
      layer { name: "t" type: "Input" top: "t" input_param { shape { dim: 4 dim: 6 } } }
      layer { name: "a" type: "InnerProduct" bottom: "x" top: "a" param { name: "w" } param { name: "b" }
        inner_product_param { num_output: 6 weight_filler { type: "xavier" } } }
      layer { name: "b" type: "InnerProduct" bottom: "a" top: "y" param { name: "w" } param { name: "b" }
        inner_product_param { num_output: 6 weight_filler { type: "xavier" } } }
      layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "t" top: "loss" }`;
    const [solver, other] = [await load(sgd, shared), await loadLookedAt(sgd, shared)];
    await solver.step(4);
    await other.step(4);
    expectSame(solver, other);
    solver.dispose();
    other.dispose();
  });

  test("survive a backward pass that fails in a turn", async () => {
    const [solver, other] = [await load(sgd), await loadLookedAt(sgd)];
    for (const each of [solver, other]) {
      await each.step(2);
      each.net.onLayerTime((index, pass) => {
        if (pass === "backward" && each.net.layers[index]!.name === "ip2") throw new Error("ouch");
      });
      await expect(each.step(1)).rejects.toThrow("ouch");
      each.net.onLayerTime(undefined);
      await each.step(2);
    }
    expectSame(solver, other);
    solver.dispose();
    other.dispose();
  });

  test("go on from a history that was written to", async () => {
    const [solver, other] = [await load(sgd), await loadLookedAt(sgd)];
    await solver.step(2);
    await other.step(2);
    for (const each of [solver, other]) {
      for (const { data } of each.history) data.fill(0.25);
      await each.step(2);
    }
    expectSame(solver, other);
    solver.dispose();
    other.dispose();
  });
});

test("a display is told of once the update is done", async () => {
  const logger = recordedLogger();
  let count = 0;
  const solver = await regressionSolver(`${sgd} display: 1`, { net, device, logger });
  const { blob } = solver.net.learnableParams[0]!;
  const before = Float32Array.from(blob.data);
  solver.observe({
    onDisplay() {
      count++;
      expect(blob.data).not.toEqual(before);
    },
  });
  await solver.step(1);
  expect(count).toBe(1);
  expect(logger.lines.at(-1)).toBe("Iteration 0, lr = 0.02");
  solver.dispose();
});
