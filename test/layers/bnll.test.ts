import { describe, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

describe("BNLL", () => {
  test("has a true gradient", async () => {
    await checkLayer('type: "BNLL"', [[2, 3, 6, 5]]);
  });

  test("is log(1 + e^x), without overflow", async () => {
    const values = listed([0, 1, 1000, -1000]);
    const bench = await runLayer('type: "BNLL"', [{ shape: [4], values }]);
    expectClose(bench.tops[0]!.data, [Math.LN2, 1.3132617, 1000, 0]);
    bench.tops[0]!.diff.fill(1);
    bench.backward();
    expectClose(bench.bottoms[0]!.diff, [0.5, 0.7310586, 1, 0]);
  });
});
