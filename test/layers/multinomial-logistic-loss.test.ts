import { describe, expect, test } from "vitest";
import { benchLayer, between, labels, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = 'type: "MultinomialLogisticLoss"';
const propagateDown = [true, false];

describe("MultinomialLogisticLoss", () => {
  test("has a true gradient", async () => {
    const probabilities = { shape: [4, 5], values: between(0.3, 1) };
    const label = { shape: [4], values: labels(5) };
    await checkLayer(layer, [probabilities, label], { propagateDown });
  });

  // -(log 1/2 + log 1/8) / 2 = 2 log 2
  test("is the mean of -log of the labels' probabilities", async () => {
    const bench = await runLayer(layer, [
      { shape: [2, 2], values: listed([0.5, 0.5, 0.875, 0.125]) },
      { shape: [2, 1], values: listed([0, 1]) },
    ]);
    expect(bench.tops[0]!.data[0]).toBeCloseTo(2 * Math.LN2, 6);
  });

  test("stays finite for a probability of 0", async () => {
    const bench = await runLayer(layer, [
      { shape: [1, 2], values: listed([0, 1]) },
      { shape: [1], values: () => 0 },
    ]);
    expect(bench.tops[0]!.data[0]).toBeCloseTo(20 * Math.LN10, 4);
  });

  test("refuses more than one label an item", async () => {
    await expect(
      benchLayer(layer, [
        [2, 3],
        [2, 2],
      ]),
    ).rejects.toThrow("each item needs one label");
  });
});
