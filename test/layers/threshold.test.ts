import { describe, expect, test } from "vitest";
import { listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

describe("Threshold", () => {
  test("marks what is above, not what is equal", async () => {
    const specs = [{ shape: [4], values: listed([-1, 0, 0.5, 1]) }];
    const zero = await runLayer('type: "Threshold"', specs);
    expect([...zero.tops[0]!.data]).toEqual([0, 0, 1, 1]);
    const half = await runLayer('type: "Threshold" threshold_param { threshold: 0.5 }', specs);
    expect([...half.tops[0]!.data]).toEqual([0, 0, 0, 1]);
  });

  test("reshapes there and back, and has no gradient", async () => {
    await checkLayer('type: "Threshold"', [[2, 3]], { noGradient: true });
    const bench = await runLayer('type: "Threshold"', [[2, 3]]);
    expect(() => bench.backward()).toThrow("Not Implemented Yet: Threshold");
    expect(() => bench.backward([false])).not.toThrow();
  });
});
