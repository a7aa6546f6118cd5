import { describe, expect, test } from "vitest";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param = "") => `type: "ArgMax" argmax_param { ${param} }`;

describe("ArgMax", () => {
  test.each(["", "top_k: 3", "out_max_val: true", "axis: 1 top_k: 2"])(
    "reshapes there and back with { %s }",
    async (param) => {
      await checkLayer(layer(param), [[2, 3, 4]], { noGradient: true });
    },
  );

  test.each([
    ["", [2, 3], [2, 1, 1], [1, 1]],
    ["top_k: 2", [2, 3], [2, 1, 2], [1, 2, 1, 0]],
    ["out_max_val: true top_k: 2", [2, 3], [2, 2, 2], [1, 2, 9, 5, 1, 0, 8, 7]],
    ["", [1, 2, 3, 1, 1], [1, 1, 1, 1, 1], [1]],
    ["axis: 1", [2, 3], [2, 1], [1, 1]],
    ["axis: 0", [2, 3], [1, 3], [1, 0, 0]],
    ["axis: -1 out_max_val: true top_k: 2", [2, 3], [2, 2], [9, 5, 8, 7]],
  ])("with { %s } makes of %j a %j of %j", async (param, shape, topShape, expected) => {
    const bench = await runLayer(layer(param), [{ shape, values: listed([0, 9, 5, 7, 8, 1]) }]);
    expect(bench.tops[0]!.shape).toEqual(topShape);
    expect([...bench.tops[0]!.data]).toEqual(expected);
  });

  test("puts the higher index first among equals", async () => {
    const values = listed([1, 3, 3, 0, 3]);
    const bench = await runLayer(layer("top_k: 4"), [{ shape: [1, 5], values }]);
    expect([...bench.tops[0]!.data]).toEqual([4, 2, 1, 0]);
  });

  test.each([
    ["top_k: 4", "top_k must be less than or equal to the dimension of the flattened bottom blob"],
    ["axis: 1 top_k: 4", "top_k must be less than or equal to the dimension of the axis."],
    ["top_k: 0", "top k must not be less than 1."],
  ])("refuses { %s }", async (param, message) => {
    await expect(benchLayer(layer(param), [[2, 3]])).rejects.toThrow(message);
  });

  test("has no gradient", async () => {
    const bench = await runLayer(layer(), [[2, 3]]);
    expect(() => bench.backward()).toThrow("Not Implemented Yet: ArgMax");
  });
});
