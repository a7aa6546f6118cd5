/** @file A fenced layer computes what it computes in the net's process, to the bit. */
import { expect, test } from "vitest";
import type { Shape } from "../../../src/core/shape.ts";
import { noise, rigOf } from "../support.ts";

type RigOptions = Parameters<typeof rigOf>[0];

const labels = (n: number) => Float32Array.from({ length: n }, (_, i) => (i % 3 === 0 ? 1 : 0));
const input = (shape: Shape, values?: ArrayLike<number>) => ({
  shape,
  values: values ?? noise(shape.reduce((a, b) => a * b, 1)),
});

/** Three iterations with changing inputs, everything that the net could see of them. */
async function trace(options: RigOptions): Promise<unknown[]> {
  const { layer, bottoms, tops, run } = await rigOf(options);
  const seen: unknown[] = [];
  for (let iteration = 0; iteration < 3; iteration++) {
    bottoms[0]?.data.forEach((_, i, data) => {
      data[i]! += 0.01 * iteration * (i % 5);
    });
    await layer.prepare?.();
    run();
    for (const top of tops) top.setDiff(iteration + 1);
    for (const blob of [...bottoms, ...layer.blobs]) blob.setDiff(0.5);
    layer.backward(
      tops,
      bottoms.map((_, i) => i === 0),
      bottoms,
    );
    for (const { shape, data, diff } of [...bottoms, ...tops, ...layer.blobs]) {
      seen.push(shape, [...data], [...diff]);
    }
  }
  return [...seen, layer.saveState?.()];
}

const score = input([2, 2, 5, 7]);
const label = input([2, 1, 5, 7], labels(70));

test.each<[name: string, options: RigOptions]>([
  ["dice.ts", { module: "dice", className: "Dice", bottoms: [score, label] }],
  ["dice-loss.ts", { module: "dice-loss", className: "DiceLoss", bottoms: [score, label] }],
  [
    "dice-loss-autodiff.ts",
    { module: "dice-loss-autodiff", className: "DiceLossAutodiff", bottoms: [score, label] },
  ],
  ["pyloss.ts", { module: "pyloss", className: "EuclideanLossLayer", bottoms: [score, score] }],
  [
    "weighted-softmax-loss.ts",
    {
      module: "weighted-softmax-loss",
      className: "WeightedSoftmaxLoss",
      bottoms: [score, label],
      paramStr: "[1, 20]",
    },
  ],
  [
    "augment.ts",
    {
      module: "augment",
      className: "Augment",
      bottoms: [input([2, 3, 9, 8]), input([2, 1, 9, 8], labels(144))],
      tops: 2,
      paramStr:
        '{"rotate": 15, "scale": 0.1, "shift": 0.05, "gamma": 0.3, "flip": true, "seed": 4}',
    },
  ],
])("gives the same numbers for %s", async (_name, options) => {
  const outside = await trace(options);
  expect(await trace({ ...options, fence: {} })).toEqual(outside);
});
