import { describe, expect, test } from "vitest";
import { benchLayer, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param = "") => `type: "Flatten" flatten_param { ${param} }`;

describe("Flatten", () => {
  test("has a true gradient", async () => {
    await checkLayer(layer(), [[2, 3, 6, 5]]);
  });

  test.each([
    ["", [2, 60]],
    ["axis: 2", [2, 3, 20]],
    ["end_axis: -2", [2, 12, 5]],
    ["axis: 0 end_axis: -2", [24, 5]],
    ["axis: 1 end_axis: 1", [2, 3, 4, 5]],
  ])("joins the axes that { %s } names", async (param, expected) => {
    const bench = await runLayer(layer(param), [[2, 3, 4, 5]]);
    expect(bench.tops[0]!.shape).toEqual(expected);
    expect(bench.tops[0]!.dataPointer).toBe(bench.bottoms[0]!.dataPointer);
  });

  test("reserves no gradient before somebody asks for one", async () => {
    const bench = await runLayer(layer(), [[2, 3]]);
    expect(bench.bottoms[0]!.hasDiff).toBe(false);
    expect(bench.tops[0]!.hasDiff).toBe(false);
  });

  test("works in place nowhere", async () => {
    await expect(benchLayer(layer(), [[2, 3]], { inPlace: true })).rejects.toThrow(
      "Flatten Layer does not allow in-place computation.",
    );
  });

  test("refuses an end before the start", async () => {
    await expect(benchLayer(layer("axis: 2 end_axis: 1"), [[2, 3, 4]])).rejects.toThrow(
      "end_axis (1) comes before axis (2)",
    );
  });
});
