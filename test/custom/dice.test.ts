import { expect, test } from "vitest";
import { tensorflow } from "../../src/core/tensor.ts";
import { noise, numericGradient, rigOf } from "./support.ts";

interface Images {
  readonly shape: [number, number, number, number];
  readonly scores: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
}

const LAYERS = {
  dice: "Dice",
  "dice-loss": "DiceLoss",
  "dice-loss-autodiff": "DiceLossAutodiff",
} as const;

function rigFor(module: keyof typeof LAYERS, { shape, scores, labels }: Images) {
  const [n, , h, w] = shape;
  return rigOf({
    module,
    className: LAYERS[module],
    bottoms: [
      { shape, values: scores },
      { shape: [n, 1, h, w], values: labels },
    ],
  });
}

/** Scores of a 2 x 2 image that make the given pixels class 1. */
const predicting = (...mask: number[]) => [0.5, 0.5, 0.5, 0.5, ...mask];

test("computes the Dice coefficient as the mean over the images", async () => {
  // image 1: |P| = 2, |L| = 1, both 1: 2/3. Image 2: |P| = 1, |L| = 2, nothing in common: 0.
  const { run, tops } = await rigFor("dice", {
    shape: [2, 2, 2, 2],
    scores: [...predicting(1, 1, 0, 0), ...predicting(0, 0, 0, 1)],
    labels: [1, 0, 0, 0, 1, 1, 0, 0],
  });
  expect(run()).toEqual([Math.fround(2 / 6)]);
  expect(tops[0]!.shape).toEqual([1]);
});

test("predicts the background where both scores are equal", async () => {
  const scores = predicting(0.5, 0.5, 1, 0.5);
  const { run } = await rigFor("dice", { shape: [1, 2, 2, 2], scores, labels: [1, 1, 1, 0] });
  expect(run()).toEqual([0.5]); // 2 * 1 / (1 + 3)
});

test("gives NaN for an image with nothing predicted and nothing labelled, as numpy does", async () => {
  const scores = predicting(0, 0, 0, 0);
  const { run } = await rigFor("dice", { shape: [1, 2, 2, 2], scores, labels: [0, 0, 0, 0] });
  expect(run()).toEqual([Number.NaN]);
});

test("repeats the tutorial's two complaints", async () => {
  const three = { shape: [1, 3, 2, 2] as Images["shape"], scores: noise(12), labels: [0, 0, 0, 0] };
  await expect(rigFor("dice", three)).rejects.toThrow(
    /^layers\/dice\.ts:\d+:13: layer "custom" \(Python, Dice\.reshape\): Prediction must have twice the number of elements of the input\.$/,
  );
  const one = rigOf({ module: "dice", className: "Dice", bottoms: [{ shape: [1, 2, 2, 2] }] });
  await expect(one).rejects.toThrow(
    /^layers\/dice\.ts:\d+:13: layer "custom" \(Python, Dice\.setup\): Need two inputs to compute Dice coefficient\.$/,
  );
});

test("computes the Dice coefficient of 256 x 256 pixels in milliseconds", async () => {
  const pixels = 256 * 256;
  const { run } = await rigFor("dice", {
    shape: [1, 2, 256, 256],
    scores: noise(2 * pixels),
    labels: noise(pixels, 2).map((value) => (value > 0 ? 1 : 0)),
  });
  run();
  const times = Array.from({ length: 9 }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  // A quiet machine takes 2 ms; the bound leaves room for a busy one.
  expect(Math.min(...times)).toBeLessThan(20);
});

/** The soft Dice loss in float64, written without arrays: what both loss layers are held against. */
function softDiceLoss({ shape: [n, , h, w], labels }: Images, scores: ArrayLike<number>): number {
  let sum = 0;
  for (let image = 0; image < n; image++) {
    let [overlap, total] = [0, 0];
    for (let i = 0; i < h * w; i++) {
      const background = scores[2 * image * h * w + i]!;
      const ventricle = scores[(2 * image + 1) * h * w + i]!;
      const p = Math.exp(ventricle) / (Math.exp(background) + Math.exp(ventricle));
      const l = labels[image * h * w + i]!;
      overlap += p * l;
      total += p + l;
    }
    sum += (2 * overlap + 1) / (total + 1);
  }
  return 1 - sum / n;
}

const IMAGES: Images = {
  shape: [2, 2, 3, 5],
  scores: noise(60).map((value) => 3 * value),
  labels: [...noise(15, 3).map((value) => (value > 0.4 ? 1 : 0)), ...new Array<number>(15).fill(0)],
};

test.each(["dice-loss", "dice-loss-autodiff"] as const)(
  "%s gives the soft Dice loss and its gradient, times the loss weight",
  async (module) => {
    const { run, layer, tops, bottoms } = await rigFor(module, IMAGES);
    expect(run()[0]).toBeCloseTo(softDiceLoss(IMAGES, IMAGES.scores), 6);
    tops[0]!.setDiff(3);
    bottoms[1]!.setDiff(8);
    layer.backward(tops, [true, false], bottoms);
    const numeric = numericGradient((scores) => softDiceLoss(IMAGES, scores), IMAGES.scores);
    expect(Math.max(...numeric)).toBeGreaterThan(0.01);
    numeric.forEach((expected, i) => {
      expect(bottoms[0]!.diff[i]).toBeCloseTo(3 * expected, 6);
    });
    expect([...bottoms[1]!.diff]).toEqual(new Array(30).fill(8));
  },
);

test("both Dice losses follow a change of the batch size", async () => {
  for (const module of ["dice-loss", "dice-loss-autodiff"] as const) {
    const { run, bottoms } = await rigFor(module, IMAGES);
    const whole = run()[0];
    bottoms[0]!.reshape(1, 2, 3, 5);
    bottoms[1]!.reshape(1, 1, 3, 5);
    expect(run()[0]).toBeCloseTo(
      softDiceLoss({ ...IMAGES, shape: [1, 2, 3, 5] }, IMAGES.scores),
      6,
    );
    expect(run()[0]).not.toBe(whole);
  }
});

test("the Dice layers leave no tensor behind in 100 iterations", async () => {
  const { numTensors } = tensorflow().memory();
  for (const module of ["dice", "dice-loss", "dice-loss-autodiff"] as const) {
    const { run, layer, tops, bottoms } = await rigFor(module, IMAGES);
    for (let i = 0; i < 100; i++) {
      run();
      layer.backward(tops, [true, false], bottoms);
    }
  }
  expect(tensorflow().memory().numTensors).toBe(numTensors);
});
