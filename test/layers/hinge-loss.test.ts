import { describe, expect, test } from "vitest";
import { labels, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (norm: string) => `type: "HingeLoss" hinge_loss_param { norm: ${norm} }`;
const propagateDown = [true, false];

describe("HingeLoss", () => {
  test.each(["L1", "L2"])("has a true gradient for %s", async (norm) => {
    // Margins vanish at -1 and 1: no score comes near them.
    const scores = { shape: [4, 5], values: listed([-3, -1.5, -0.5, 0.3, 0.8, 1.4, 2.5]) };
    await checkLayer(layer(norm), [scores, { shape: [4], values: labels(5) }], { propagateDown });
  });

  // Label 1: margins 1 + 2, 1 - 0.5, 1 - 3 -> 0
  test("sums the margins that are short, or their squares", async () => {
    const specs = [
      { shape: [1, 3], values: listed([2, 0.5, -3]) },
      { shape: [1], values: () => 1 },
    ];
    expect((await runLayer(layer("L1"), specs)).tops[0]!.data[0]).toBe(3.5);
    expect((await runLayer(layer("L2"), specs)).tops[0]!.data[0]).toBe(9.25);
  });

  test("refuses a label that is no class, and a gradient for the labels", async () => {
    const specs = (label: number) => [[2, 3], { shape: [2], values: () => label }];
    await expect(runLayer(layer("L1"), specs(3))).rejects.toThrow("a label is 3, but there are 3");
    const bench = await runLayer(layer("L1"), specs(1));
    expect(() => bench.backward()).toThrow("HingeLoss Layer cannot backpropagate to label inputs.");
  });
});
