import { readFileSync } from "node:fs";
import { Net, parsePrototxt } from "cortado";
import { expect, onTestFinished, test } from "vitest";
import { hasShared, sharedPath } from "../support/shared.ts";
import { noise, numericGradient, rigOf } from "./support.ts";

const [X, T] = [noise(12), noise(12, 2)];
const rig = (target = T, shape = [3, 4]) =>
  rigOf({
    module: "pyloss",
    className: "EuclideanLossLayer",
    bottoms: [
      { shape: [3, 4], values: X },
      { shape, values: target },
    ],
  });

test("computes half the mean squared distance, and its gradient", async () => {
  const lossOf = (x: ArrayLike<number>) =>
    Array.from(x, (value, i) => (value - T[i]!) ** 2).reduce((a, b) => a + b) / 3 / 2;
  const { run, layer, tops, bottoms } = await rig();
  expect(run()[0]).toBeCloseTo(lossOf(X), 6);
  tops[0]!.setDiff(2);
  layer.backward(tops, [true, true], bottoms);
  numericGradient(lossOf, X).forEach((expected, i) => {
    expect(bottoms[0]!.diff[i]).toBeCloseTo(2 * expected, 6);
    expect(bottoms[1]!.diff[i]).toBeCloseTo(-2 * expected, 6);
  });
});

test("refuses bottoms of different sizes", async () => {
  await expect(rig(T.subarray(0, 8), [2, 4])).rejects.toThrow(
    /pyloss\.ts:\d+:\d+: layer "custom" \(Python, EuclideanLossLayer\.reshape\): Inputs must have the same dimension\.$/,
  );
});

const withoutShared = hasShared ? "" : " (skipped: ../shared is absent)";

test.skipIf(withoutShared)(`runs Caffe's linreg.prototxt, unchanged${withoutShared}`, async () => {
  const file = "BVLC__caffe/examples/pycaffe/linreg.prototxt";
  const text = readFileSync(sharedPath("data", "prototxt", file), "utf8");
  const param = parsePrototxt(text, { message: "NetParameter", fileName: file });
  const net = await Net.load(param, { phase: "TRAIN", seed: 1, threads: 1 });
  onTestFinished(() => net.dispose());
  const { loss } = await net.forward();
  expect(loss![0]).toBeGreaterThan(0);
  expect(net.loss).toBe(loss![0]);
  await net.backward();
  expect(net.learnableParams.every(({ blob }) => blob.diff.some((value) => value !== 0))).toBe(
    true,
  );
});
