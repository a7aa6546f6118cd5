import { describe, expect, test } from "vitest";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = 'type: "BatchReindex"';
const index = (...values: number[]) => ({ shape: [values.length], values: listed(values) });

describe("BatchReindex", () => {
  test("has a true gradient, that of repeated items added up", async () => {
    const secondShapes = [[5, 2, 3], index(4, 4)];
    const propagateDown = [true, false];
    await checkLayer(layer, [[4, 2, 3], index(2, 0, 0, 3, 2)], { propagateDown, secondShapes });
  });

  test("takes the listed items", async () => {
    const bench = await runLayer(layer, [
      { shape: [3, 2], values: listed([1, 2, 3, 4, 5, 6]) },
      index(2, 0, 2, 2),
    ]);
    expect(bench.tops[0]!.shape).toEqual([4, 2]);
    expect([...bench.tops[0]!.data]).toEqual([5, 6, 1, 2, 5, 6, 5, 6]);
  });

  test("refuses an index outside the batch, of two axes, and a gradient for it", async () => {
    await expect(runLayer(layer, [[3, 2], index(3)])).rejects.toThrow(
      "index 3 is outside the batch of 3 items",
    );
    await expect(
      benchLayer(layer, [
        [3, 2],
        [1, 2],
      ]),
    ).rejects.toThrow("needs exactly one axis");
    const bench = await runLayer(layer, [[3, 2], index(0)]);
    expect(() => bench.backward()).toThrow("Cannot backprop to index.");
  });
});
