import { describe, expect, test } from "vitest";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param = "") => `type: "Tile" tile_param { ${param} }`;

describe("Tile", () => {
  test.each(["tiles: 1", "tiles: 3", "axis: 0 tiles: 2", "axis: -1 tiles: 2"])(
    "has a true gradient with { %s }",
    async (param) => {
      await checkLayer(layer(param), [[2, 3, 4]]);
    },
  );

  test("repeats its bottom along the axis", async () => {
    const specs = [{ shape: [2, 2], values: listed([1, 2, 3, 4]) }];
    const bench = await runLayer(layer("tiles: 2"), specs);
    expect(bench.tops[0]!.shape).toEqual([2, 4]);
    expect([...bench.tops[0]!.data]).toEqual([1, 2, 1, 2, 3, 4, 3, 4]);
    const rows = await runLayer(layer("axis: 0 tiles: 2"), specs);
    expect([...rows.tops[0]!.data]).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
  });

  test.each([
    ["", "Number of tiles must be specified"],
    ["tiles: 0", "Number of tiles must be positive. It is 0."],
    ["tiles: 2 axis: 2", "axis 2 out of range"],
  ])("refuses { %s }", async (param, message) => {
    await expect(benchLayer(layer(param), [[2, 3]])).rejects.toThrow(message);
  });
});
