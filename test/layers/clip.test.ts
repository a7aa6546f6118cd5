import { describe, expect, test } from "vitest";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = 'type: "Clip" clip_param { min: -1 max: 2 }';

describe("Clip", () => {
  test("has a true gradient", async () => {
    const values = listed([-3, -1.1, -0.9, 0, 1.9, 2.1, 5]);
    await checkLayer(layer, [{ shape: [2, 3, 4], values }]);
  });

  test("cuts off what is out of bounds; the bounds pass the gradient", async () => {
    const values = listed([-1.5, -1, 0.5, 2, 3]);
    const bench = await runLayer(layer, [{ shape: [5], values }]);
    bench.tops[0]!.diff.fill(1);
    bench.backward();
    expect([...bench.tops[0]!.data]).toEqual([-1, -1, 0.5, 2, 2]);
    expect([...bench.bottoms[0]!.diff]).toEqual([0, 1, 1, 1, 0]);
  });

  test("needs its bounds", async () => {
    await expect(benchLayer('type: "Clip"', [[2]])).rejects.toThrow(
      "clip_param must give min and max",
    );
  });
});
