import { describe, expect, test } from "vitest";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param: string) => `type: "Im2col" convolution_param { ${param} }`;

describe("Im2col", () => {
  test.each([
    ["kernel_size: 3 stride: 2", [2, 3, 6, 5]],
    ["kernel_size: 3 pad: 1 dilation: 2", [2, 2, 5, 6]],
    ["kernel_h: 2 kernel_w: 3 pad_w: 1 stride_h: 2 stride_w: 1", [2, 2, 5, 4]],
    ["kernel_size: 2", [2, 2, 3, 4, 3]],
    ["kernel_size: 2 axis: 2", [2, 1, 3, 4]],
  ])("has a true gradient with { %s }", async (param, shape) => {
    await checkLayer(layer(param), [shape]);
  });

  // 1 2 3
  // 4 5 6    a 2 x 2 window has two places; each tap sees two values
  test("lays out what each tap sees", async () => {
    const bench = await runLayer(layer("kernel_size: 2"), [
      { shape: [1, 1, 2, 3], values: listed([1, 2, 3, 4, 5, 6]) },
    ]);
    expect(bench.tops[0]!.shape).toEqual([1, 4, 1, 2]);
    expect([...bench.tops[0]!.data]).toEqual([1, 2, 2, 3, 4, 5, 5, 6]);
  });

  test("sees 0 outside the image", async () => {
    const bench = await runLayer(layer("kernel_size: 2 pad: 1"), [
      { shape: [1, 1, 1, 1], values: () => 7 },
    ]);
    expect([...bench.tops[0]!.data]).toEqual([0, 0, 0, 7, 0, 0, 7, 0, 0, 7, 0, 0, 7, 0, 0, 0]);
  });

  test("refuses an empty window", async () => {
    await expect(benchLayer(layer("kernel_size: 0"), [[1, 1, 4, 4]])).rejects.toThrow(
      "Filter dimensions must be nonzero.",
    );
  });
});
