import { describe, expect, test } from "vitest";
import { benchLayer, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

describe("Split", () => {
  test.each([1, 2, 4])("adds up the gradients of %d tops", async (tops) => {
    await checkLayer('type: "Split"', [[2, 3, 4]], { tops });
  });

  test("shares its bottom's values with all tops", async () => {
    const { bottoms, tops } = await runLayer('type: "Split"', [[2, 3]], { tops: 3 });
    for (const top of tops) {
      expect(top.dataPointer).toBe(bottoms[0]!.dataPointer);
      expect(top.shape).toEqual([2, 3]);
    }
    expect(new Set(tops.map((top) => top.diffPointer)).size).toBe(3);
  });

  test("works in place nowhere", async () => {
    await expect(benchLayer('type: "Split"', [[2]], { inPlace: true })).rejects.toThrow(
      "Split Layer does not allow in-place computation.",
    );
  });
});
