import { describe, expect, test } from "vitest";
import { awayFromZero, benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param = "") => `type: "Reduction" reduction_param { ${param} }`;
const operations = ["SUM", "ASUM", "SUMSQ", "MEAN"];

describe("Reduction", () => {
  test.each(operations)("has a true gradient for %s", async (operation) => {
    const spec = { shape: [2, 3, 4], values: awayFromZero };
    await checkLayer(layer(`operation: ${operation}`), [spec]);
    await checkLayer(layer(`operation: ${operation} axis: 1 coeff: 2.3`), [spec]);
    await checkLayer(layer(`operation: ${operation} axis: -1 coeff: -0.5`), [spec]);
  });

  test.each([
    ["", [], [-2]],
    ["operation: MEAN", [], [-0.5]],
    ["operation: ASUM axis: 1", [2], [3, 7]],
    ["operation: SUMSQ axis: 1 coeff: 0.5", [2], [2.5, 12.5]],
    ["operation: MEAN axis: 1 coeff: 2", [2], [-1, -1]],
  ])("with { %s } makes a %j of %j", async (param, shape, expected) => {
    const values = listed([1, -2, 3, -4]);
    const bench = await runLayer(layer(param), [{ shape: [2, 2], values }]);
    expect(bench.tops[0]!.shape).toEqual(shape);
    expect([...bench.tops[0]!.data]).toEqual(expected);
  });

  test("refuses an axis that is not there", async () => {
    await expect(benchLayer(layer("axis: 2"), [[2, 3]])).rejects.toThrow("axis 2 out of range");
  });
});
