import { describe, expect, test } from "vitest";
import { benchLayer, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const dims = (...sizes: number[]) => `shape { ${sizes.map((size) => `dim: ${size}`).join(" ")} }`;
const layer = (param: string) => `type: "Reshape" reshape_param { ${param} }`;

describe("Reshape", () => {
  test("has a true gradient", async () => {
    await checkLayer(layer(dims(0, -1, 5)), [[2, 3, 4, 5]]);
  });

  test.each([
    [dims(0, 0, -1), [2, 3, 20]],
    [dims(-1, 10), [12, 10]],
    [dims(120), [120]],
    [`axis: 1 num_axes: 1 ${dims(3, 1)}`, [2, 3, 1, 4, 5]],
    [`axis: 1 ${dims(0, -1)}`, [2, 3, 20]],
    [`axis: 0 num_axes: 0 ${dims(1, 1)}`, [1, 1, 2, 3, 4, 5]],
    [`axis: -1 num_axes: 0 ${dims(1)}`, [2, 3, 4, 5, 1]],
    [`axis: 1 num_axes: 2 ${dims(12)}`, [2, 12, 5]],
  ])("makes { %s } of 2 3 4 5", async (param, expected) => {
    const bench = await runLayer(layer(param), [[2, 3, 4, 5]]);
    expect(bench.tops[0]!.shape).toEqual(expected);
    expect(bench.tops[0]!.dataPointer).toBe(bench.bottoms[0]!.dataPointer);
  });

  test("follows the bottom to another size", async () => {
    const bench = await runLayer(layer(dims(0, -1)), [[2, 3, 4]]);
    bench.bottoms[0]!.reshape(7, 5, 4);
    bench.reshape();
    expect(bench.tops[0]!.shape).toEqual([7, 20]);
  });

  test.each([
    [dims(-1, -1), "new shape contains multiple -1 dims"],
    [dims(2, 3), "output count must match input count: 2 3 (6) asked for"],
    [dims(7, -1), "bottom count (120) must be divisible by the product of the specified"],
    [dims(2, 3, 4, 5, 0), "new shape contains a 0, but there was no corresponding bottom axis"],
    [`axis: 5 ${dims(1)}`, "axis 5 out of range for 4-D input blob"],
    [`axis: -6 ${dims(1)}`, "axis -6 out of range for 4-D input blob"],
    [`axis: 3 num_axes: 2 ${dims(1)}`, "end_axis = axis + num_axes is out of range"],
    [`num_axes: -2 ${dims(1)}`, "num_axes must be >= 0, or -1 for all"],
  ])("refuses { %s }", async (param, message) => {
    await expect(benchLayer(layer(param), [[2, 3, 4, 5]])).rejects.toThrow(message);
  });

  test("works in place nowhere", async () => {
    await expect(benchLayer(layer(dims(-1)), [[2]], { inPlace: true })).rejects.toThrow(
      "Reshape Layer does not allow in-place computation.",
    );
  });
});
