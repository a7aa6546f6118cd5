import { describe, expect, test } from "vitest";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param = "") => `type: "Concat" concat_param { ${param} }`;

describe("Concat", () => {
  test.each([
    [
      "axis: 0",
      [
        [2, 3, 4],
        [1, 3, 4],
        [3, 3, 4],
      ],
    ],
    [
      "axis: 1",
      [
        [2, 3, 4],
        [2, 1, 4],
      ],
    ],
    [
      "axis: -1",
      [
        [2, 3, 4],
        [2, 3, 1],
      ],
    ],
    [
      "concat_dim: 2",
      [
        [2, 3, 4],
        [2, 3, 2],
      ],
    ],
    ["", [[2, 3, 4]]],
  ])("has a true gradient with { %s }", async (param, shapes) => {
    await checkLayer(layer(param), shapes);
    if (shapes.length > 1) {
      const propagateDown = shapes.map((_, i) => i === 0);
      await checkLayer(layer(param), shapes, { propagateDown });
    }
  });

  test("joins along the second axis by default", async () => {
    const bench = await runLayer(layer(), [
      { shape: [2, 1], values: listed([1, 2]) },
      { shape: [2, 2], values: listed([3, 4, 5, 6]) },
    ]);
    expect(bench.tops[0]!.shape).toEqual([2, 3]);
    expect([...bench.tops[0]!.data]).toEqual([1, 3, 4, 2, 5, 6]);
  });

  test("shares the memory of a single bottom", async () => {
    const bench = await runLayer(layer(), [[2, 3]]);
    expect(bench.tops[0]!.dataPointer).toBe(bench.bottoms[0]!.dataPointer);
  });

  test.each([
    [
      "axis: 1 concat_dim: 1",
      [
        [2, 3],
        [2, 3],
      ],
      "Either axis or concat_dim should be specified",
    ],
    [
      "axis: 2",
      [
        [2, 3],
        [2, 3],
      ],
      "axis 2 out of range for 2-D Blob with shape 2 3 (6)",
    ],
    [
      "",
      [
        [2, 3, 8, 8],
        [2, 3],
      ],
      "All inputs must have the same #axes.",
    ],
    [
      "",
      [
        [2, 3],
        [3, 3],
      ],
      "All inputs must have the same shape, except at concat_axis.",
    ],
  ])("refuses { %s } on %j", async (param, shapes, message) => {
    await expect(benchLayer(layer(param), shapes)).rejects.toThrow(message);
  });
});
