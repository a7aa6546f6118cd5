import { describe, expect, test } from "vitest";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = 'type: "Filter"';
const selector = (...values: number[]) => ({ shape: [values.length], values: listed(values) });

describe("Filter", () => {
  test("has true gradients, 0 for dropped items", async () => {
    const specs = [[4, 3, 2], [4, 1], selector(1, 0, 0, 2)];
    const secondShapes = [[2, 3, 2], [2, 1], selector(0, 1)];
    const propagateDown = [true, true, false];
    await checkLayer(layer, specs, { tops: 2, secondShapes, propagateDown });
  });

  test("keeps the items whose selector is not 0", async () => {
    const bench = await runLayer(layer, [
      { shape: [3, 2], values: listed([1, 2, 3, 4, 5, 6]) },
      { shape: [3, 1], values: listed([1, 0, 1]) },
    ]);
    expect(bench.tops[0]!.shape).toEqual([2, 2]);
    expect([...bench.tops[0]!.data]).toEqual([1, 2, 5, 6]);
  });

  test("keeps the batch size while the net is built, whatever the selector holds then", async () => {
    const bench = await benchLayer(layer, [[3, 2], selector(0, 0, 0)]);
    expect(bench.tops[0]!.shape).toEqual([3, 2]);
    bench.forward();
    expect(bench.tops[0]!.shape).toEqual([0, 2]);
  });

  test.each([
    [
      [
        [3, 2],
        [3, 2],
      ],
      1,
      "Selector blob dimensions must be singletons (1), except the first.",
    ],
    [[[3, 2], [2]], 1, "Each bottom should have the same 0th dimension as the selector blob"],
    [[[3, 2], [3]], 2, "there must be one top for each bottom but the selector: 1, not 2"],
  ])("refuses %j with %d tops", async (shapes, tops, message) => {
    await expect(benchLayer(layer, shapes, { tops })).rejects.toThrow(message);
  });

  test("has no gradient for the selector", async () => {
    const bench = await runLayer(layer, [[2, 2], selector(1, 0)]);
    expect(() => bench.backward()).toThrow("cannot backpropagate to filter index inputs");
  });
});
