import { describe, expect, test } from "vitest";
import { benchLayer, labels, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param = "") => `type: "SoftmaxWithLoss" ${param}`;
const propagateDown = [true, false];
const ignoring = { shape: [2, 3, 2], values: listed([0, 255, 3, 1, 255, 2]) };

describe("SoftmaxWithLoss", () => {
  test.each([
    ["", [4, 5], { shape: [4], values: labels(5) }],
    ["", [2, 4, 3, 2], { shape: [2, 1, 3, 2], values: labels(4) }],
    ["softmax_param { axis: 2 }", [2, 3, 4], { shape: [2, 3], values: labels(4) }],
    ["loss_param { ignore_label: 255 }", [2, 4, 3, 2], ignoring],
    ["loss_param { ignore_label: 255 normalization: FULL }", [2, 4, 3, 2], ignoring],
  ])("has a true gradient with { %s } on %j", async (param, shape, label) => {
    await checkLayer(layer(param), [shape, label], { propagateDown });
  });

  // Equal scores of C classes: each place costs log C. 2 x 3 places, one of them ignored.
  test.each([
    ["", 1],
    ["normalization: VALID", 1],
    ["normalization: FULL", 5 / 6],
    ["normalization: BATCH_SIZE", 5 / 2],
    ["normalization: NONE", 5],
    ["normalize: true", 1],
    ["normalize: false", 5 / 2],
    ["normalize: false normalization: VALID", 1],
  ])("divides the sum as { %s } says", async (param, times) => {
    const bench = await runLayer(layer(`loss_param { ignore_label: 9 ${param} }`), [
      { shape: [2, 4, 3], values: () => 1 },
      { shape: [2, 3], values: listed([0, 1, 9, 2, 3, 0]) },
    ]);
    expect(bench.tops[0]!.shape).toEqual([]);
    expect(bench.tops[0]!.data[0]).toBeCloseTo(times * Math.log(4), 5);
  });

  test("is 0 where every label is ignored", async () => {
    const bench = await runLayer(layer("loss_param { ignore_label: 0 }"), [
      [2, 4],
      { shape: [2], values: () => 0 },
    ]);
    bench.tops[0]!.diff.fill(1);
    bench.backward(propagateDown);
    expect(bench.tops[0]!.data[0]).toBe(0);
    expect(new Set(bench.bottoms[0]!.diff)).toEqual(new Set([0]));
  });

  test.each([1, 8, 19])(
    "counts each of %d probabilities of 0 as the smallest normal float",
    async (items) => {
      const bench = await runLayer(layer(), [
        {
          shape: [items, 2],
          values: listed(Array.from({ length: 2 * items }, (_, i) => 1000 * (i % 2))),
        },
        { shape: [items], values: () => 0 },
      ]);
      expect(bench.tops[0]!.data[0]).toBeCloseTo(126 * Math.log(2), 4);
    },
  );

  test("gives the probabilities as a second top", async () => {
    const specs = [[2, 3], { shape: [2], values: labels(3) }];
    const { tops, definition } = await runLayer(layer(), specs, { tops: 2 });
    expect(tops[1]!.shape).toEqual([2, 3]);
    expect(tops[1]!.data[0]! + tops[1]!.data[1]! + tops[1]!.data[2]!).toBeCloseTo(1, 6);
    expect([0, 1].map((top) => definition.defaultLossWeight?.(top))).toEqual([1, 0]);
  });

  test.each([
    [[2, 3], [3], "The data and label should have the same first dimension."],
    [[2, 3, 8, 8], [2], "Number of labels must match number of predictions"],
  ])("refuses scores %j with labels %j", async (scores, label, message) => {
    await expect(benchLayer(layer(), [scores, label])).rejects.toThrow(message);
  });

  test.each([-1, 3, Number.NaN])("refuses the label %d for three classes", async (label) => {
    const specs = [[2, 3], { shape: [2], values: () => label }];
    await expect(runLayer(layer(), specs)).rejects.toThrow(
      `a label is ${label}, but there are 3 classes`,
    );
  });

  test("has no gradient for the labels", async () => {
    const bench = await runLayer(layer(), [[2, 3], { shape: [2], values: labels(3) }]);
    expect(() => bench.backward([true, true])).toThrow(
      "SoftmaxWithLoss Layer cannot backpropagate to label inputs.",
    );
    expect(bench.definition.allowForceBackward?.(1)).toBe(false);
  });
});
