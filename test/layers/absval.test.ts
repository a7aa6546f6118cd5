import { describe, expect, test } from "vitest";
import { awayFromZero, benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

describe("AbsVal", () => {
  test("has a true gradient", async () => {
    await checkLayer('type: "AbsVal"', [{ shape: [2, 3, 6, 5], values: awayFromZero }]);
  });

  test("takes absolute values; the gradient at 0 is 0", async () => {
    const bench = await runLayer('type: "AbsVal"', [{ shape: [3], values: listed([-2, 0, 3]) }]);
    bench.tops[0]!.diff.fill(1);
    bench.backward();
    expect([...bench.tops[0]!.data]).toEqual([2, 0, 3]);
    expect([...bench.bottoms[0]!.diff]).toEqual([-1, 0, 1]);
  });

  test("works in place nowhere", async () => {
    await expect(benchLayer('type: "AbsVal"', [[2]], { inPlace: true })).rejects.toThrow(
      "AbsVal Layer does not allow in-place computation.",
    );
  });
});
