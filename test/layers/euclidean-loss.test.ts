import { describe, expect, test } from "vitest";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = 'type: "EuclideanLoss"';

describe("EuclideanLoss", () => {
  test("has true gradients for both bottoms", async () => {
    await checkLayer(layer, [
      [4, 3, 2],
      [4, 6],
    ]);
    await checkLayer(
      layer,
      [
        [4, 3],
        [4, 3],
      ],
      { propagateDown: [false, true] },
    );
  });

  // (1 + 4 + 9) / (2 * 2)
  test("is half the squared distance, divided by the batch size", async () => {
    const bench = await runLayer(layer, [
      { shape: [2, 2], values: listed([1, 2, 3, 4]) },
      { shape: [2, 2], values: listed([0, 4, 6, 4]) },
    ]);
    expect(bench.tops[0]!.data[0]).toBe(3.5);
    expect(bench.definition.allowForceBackward?.(1)).toBe(true);
  });

  test.each([
    [[2, 3], [2, 4], "Inputs must have the same dimension."],
    [[2, 3], [3, 3], "The data and label should have the same first dimension."],
  ])("refuses %j with %j", async (a, b, message) => {
    await expect(benchLayer(layer, [a, b])).rejects.toThrow(message);
  });
});
