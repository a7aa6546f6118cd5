import { describe, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

describe("Sigmoid", () => {
  test("has a true gradient, also in place", async () => {
    await checkLayer('type: "Sigmoid"', [[2, 3, 6, 5]]);
    await checkLayer('type: "Sigmoid"', [[2, 3, 6, 5]], { inPlace: true });
  });

  test("squashes to (0, 1) without overflow", async () => {
    const bench = await runLayer('type: "Sigmoid"', [
      { shape: [5], values: listed([0, 1, -1, 1000, -1000]) },
    ]);
    expectClose(bench.tops[0]!.data, [0.5, 0.7310586, 0.2689414, 1, 0]);
  });
});
