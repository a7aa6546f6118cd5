import { expect, test } from "vitest";
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

test("asks for as many weights as there are classes", async () => {
  await expect(rig("[1, 20]")).rejects.toThrow(/param_str has 2 weights for 3 classes\.$/);
  await expect(rig("")).rejects.toThrow(/param_str has 0 weights for 3 classes\.$/);
});

test("refuses a label that is no class", async () => {
  const { run, bottoms } = await rig("[1, 20, 5]");
  bottoms[1]!.data[3] = 255;
  expect(run).toThrow(/WeightedSoftmaxLoss\.forward\): Label 255 is not from 0 to 2\.$/);
});
