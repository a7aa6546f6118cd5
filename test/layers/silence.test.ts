import { describe, expect, test } from "vitest";
import { benchLayer } from "../support/bench-layer.ts";

describe("Silence", () => {
  test("gives zero gradients to the bottoms that want one", async () => {
    const bench = await benchLayer('type: "Silence"', [[2, 3], [4]]);
    expect(bench.tops).toHaveLength(0);
    for (const bottom of bench.bottoms) bottom.diff.fill(5);
    bench.forward();
    bench.backward([true, false]);
    expect(bench.bottoms.map(({ diff }) => diff[0])).toEqual([0, 5]);
  });
});
