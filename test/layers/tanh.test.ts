import { describe, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

describe("TanH", () => {
  test("has a true gradient, also in place", async () => {
    await checkLayer('type: "TanH"', [[2, 3, 6, 5]]);
    await checkLayer('type: "TanH"', [[2, 3, 6, 5]], { inPlace: true });
  });

  test("squashes to (-1, 1) without overflow", async () => {
    const bench = await runLayer('type: "TanH"', [
      { shape: [4], values: listed([0, 1, -1000, 1000]) },
    ]);
    expectClose(bench.tops[0]!.data, [0, 0.7615942, -1, 1]);
  });
});
