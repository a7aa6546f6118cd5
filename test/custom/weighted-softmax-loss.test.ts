import { expect, test } from "vitest";
import { hasPythonModule, runPython } from "../support/python.ts";
import { noise, numericGradient, rigOf } from "./support.ts";

const [N, C, PIXELS] = [2, 3, 4];
const SCORES = noise(N * C * PIXELS).map((value) => 2 * value);
const LABELS = [0, 1, 2, 0, 1, 1, 0, 0];
const WEIGHTS = [1, 20, 5];

const rig = (paramStr: string) =>
  rigOf({
    module: "weighted-softmax-loss",
    className: "WeightedSoftmaxLoss",
    paramStr,
    bottoms: [
      { shape: [N, C, 2, 2], values: SCORES },
      { shape: [N, 1, 2, 2], values: LABELS },
    ],
  });

/** The loss, pixel by pixel in float64. */
function lossOf(scores: ArrayLike<number>): number {
  let [loss, total] = [0, 0];
  LABELS.forEach((label, i) => {
    const scoreOf = (k: number) =>
      scores[(Math.floor(i / PIXELS) * C + k) * PIXELS + (i % PIXELS)]!;
    const sum = [0, 1, 2].reduce((partial, k) => partial + Math.exp(scoreOf(k)), 0);
    loss -= WEIGHTS[label]! * (scoreOf(label) - Math.log(sum));
    total += WEIGHTS[label]!;
  });
  return loss / total;
}

test("weighs each pixel's softmax loss by its class, and so the gradient", async () => {
  const { run, layer, tops, bottoms } = await rig("[1, 20, 5]");
  expect(run()[0]).toBeCloseTo(lossOf(SCORES), 6);
  tops[0]!.setDiff(2);
  layer.backward(tops, [true, false], bottoms);
  const numeric = numericGradient(lossOf, SCORES);
  expect(Math.max(...numeric)).toBeGreaterThan(0.1);
  numeric.forEach((expected, i) => {
    expect(bottoms[0]!.diff[i]).toBeCloseTo(2 * expected, 6);
  });
});

test("takes weights and a label to ignore from a dict", async () => {
  const { run, layer, tops, bottoms } = await rig(
    "{'weights': {1: 20, 2: 5}, 'ignore_label': 255}",
  );
  const all = await rig("[1, 20, 5]");
  expect(run()).toEqual(all.run());
  bottoms[1]!.data.fill(255, 1); // all but the first pixel
  const [x0, x1, x2] = [SCORES[0]!, SCORES[PIXELS]!, SCORES[2 * PIXELS]!];
  const total = Math.exp(x0) + Math.exp(x1) + Math.exp(x2);
  expect(run()[0]).toBeCloseTo(Math.log(total) - x0, 6);
  tops[0]!.setDiff(1);
  layer.backward(tops, [true, false], bottoms);
  const { diff } = bottoms[0]!;
  expect(diff[0]).toBeCloseTo(Math.exp(x0) / total - 1, 6);
  expect(diff[PIXELS]).toBeCloseTo(Math.exp(x1) / total, 6);
  expect(diff.filter((value) => value !== 0).length).toBe(3);

  bottoms[1]!.data.fill(255);
  expect(run()).toEqual([0]);
  layer.backward(tops, [true, false], bottoms);
  expect([...diff]).toEqual(new Array(SCORES.length).fill(0));
});

const withoutNumpy = hasPythonModule("numpy") ? "" : " (skipped: there is no numpy)";

test.skipIf(withoutNumpy)(`agrees with the formula in numpy${withoutNumpy}`, async () => {
  const { run, layer, tops, bottoms } = await rig("{'weights': [1, 20, 5]}");
  const [loss] = run();
  tops[0]!.setDiff(1);
  layer.backward(tops, [true, false], bottoms);
  const script = `
import json, sys, numpy as np
given = json.load(sys.stdin)
x = np.array(given["scores"]).reshape(2, 3, 4)
l = np.array(given["labels"]).reshape(2, 4)
w = np.array(given["weights"])[l]
p = np.exp(x) / np.exp(x).sum(1, keepdims=True)
hot = np.eye(3)[l].transpose(0, 2, 1)
loss = -(w * np.log((p * hot).sum(1))).sum() / w.sum()
diff = w[:, None] * (p - hot) / w.sum()
print(json.dumps([loss, diff.ravel().tolist()]))`;
  const given = { scores: [...SCORES], labels: LABELS, weights: WEIGHTS };
  const [expectedLoss, expectedDiff] = runPython(script, given) as [number, number[]];
  expect(loss).toBeCloseTo(expectedLoss, 6);
  expect([...bottoms[0]!.diff]).toEqual(expectedDiff.map((value) => expect.closeTo(value, 6)));
});

test("asks for as many weights as there are classes", async () => {
  await expect(rig("[1, 20]")).rejects.toThrow(/param_str has 2 weights for 3 classes\.$/);
  await expect(rig("{'weights': {3: 2}}")).rejects.toThrow(
    /param_str weighs classes 0 to 2 with numbers from 0 on\.$/,
  );
  await expect(rig("[1, 'a', 2]")).rejects.toThrow(/numbers from 0 on\.$/);
});

test("refuses a label that is no class", async () => {
  const { run, bottoms } = await rig("[1, 20, 5]");
  bottoms[1]!.data[3] = 255;
  expect(run).toThrow(/WeightedSoftmaxLoss\.forward\): Label 255 is not from 0 to 2\.$/);
});
