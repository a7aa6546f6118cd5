import { describe, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { awayFromZero, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (alpha: number) => `type: "ELU" elu_param { alpha: ${alpha} }`;

describe("ELU", () => {
  test.each([1, 0.5, 0])("has a true gradient with alpha %d, also in place", async (alpha) => {
    const spec = { shape: [2, 3, 6, 5], values: awayFromZero };
    await checkLayer(layer(alpha), [spec]);
    await checkLayer(layer(alpha), [spec], { inPlace: true });
  });

  test("saturates at -alpha", async () => {
    const values = listed([2, 0, -Math.LN2, -1000]);
    const bench = await runLayer(layer(3), [{ shape: [4], values }]);
    expectClose(bench.tops[0]!.data, [2, 0, -1.5, -3]);
  });
});
