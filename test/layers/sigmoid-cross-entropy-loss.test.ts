import { describe, expect, test } from "vitest";
import { benchLayer, between, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param = "") => `type: "SigmoidCrossEntropyLoss" ${param}`;
const propagateDown = [true, false];

describe("SigmoidCrossEntropyLoss", () => {
  test.each(["", "loss_param { ignore_label: -1 }", "loss_param { normalization: FULL }"])(
    "has a true gradient with { %s }",
    async (param) => {
      const targets = { shape: [4, 5], values: listed([0, 1, 0.3, -1, 1, 0.7]) };
      await checkLayer(layer(param), [[4, 5], targets], { propagateDown });
      const soft = { shape: [2, 3, 2], values: between(0, 1) };
      await checkLayer(layer(param), [[2, 3, 2], soft], { propagateDown });
    },
  );

  // At score 0 each value costs log 2, whatever its target. 2 x 3 values, one of them ignored.
  test.each([
    ["", 5 / 2],
    ["normalization: BATCH_SIZE", 5 / 2],
    ["normalization: VALID", 1],
    ["normalize: true", 1],
    ["normalization: FULL", 5 / 6],
    ["normalization: NONE", 5],
  ])("divides the sum as { %s } says", async (param, times) => {
    const bench = await runLayer(layer(`loss_param { ignore_label: 7 ${param} }`), [
      { shape: [2, 3], values: () => 0 },
      { shape: [2, 3], values: listed([0, 1, 7, 0.5, 1, 0]) },
    ]);
    expect(bench.tops[0]!.data[0]).toBeCloseTo(times * Math.log(2), 5);
  });

  test("ignores a target that becomes the ignored label when cut to an integer", async () => {
    const bench = await runLayer(layer("loss_param { ignore_label: 0 }"), [
      [1, 2],
      { shape: [1, 2], values: listed([0.3, -0.3]) },
    ]);
    expect(bench.tops[0]!.data[0]).toBe(0);
  });

  test("stays finite for large scores", async () => {
    const bench = await runLayer(layer(), [
      { shape: [1, 2], values: listed([1000, -1000]) },
      { shape: [1, 2], values: listed([0, 0]) },
    ]);
    expect(bench.tops[0]!.data[0]).toBe(1000);
  });

  test("refuses another number of targets than scores", async () => {
    await expect(
      benchLayer(layer(), [
        [2, 3],
        [2, 4],
      ]),
    ).rejects.toThrow("SIGMOID_CROSS_ENTROPY_LOSS layer inputs must have the same count.");
  });

  test("has no gradient for the targets", async () => {
    const bench = await runLayer(layer(), [
      [2, 3],
      [2, 3],
    ]);
    expect(() => bench.backward([false, true])).toThrow("cannot backpropagate to label inputs.");
  });
});
