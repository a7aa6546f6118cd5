import { describe, expect, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param = "") => `type: "Bias" bias_param { filler { type: "gaussian" } ${param} }`;
const shape = [2, 3, 4, 2];

describe("Bias", () => {
  test.each(["", "axis: 0", "axis: 1 num_axes: 2", "axis: 0 num_axes: -1", "num_axes: 0"])(
    "has true gradients with a learned bias and { %s }",
    async (param) => {
      await checkLayer(layer(param), [shape], { secondShapes: [shape] });
      await checkLayer(layer(param), [shape], { secondShapes: [shape], inPlace: true });
    },
  );

  test.each([
    ["axis: 0", [2, 3, 4, 2]],
    ["axis: 0", [2, 3]],
    ["axis: 1", [3, 4]],
    ["axis: 2", [4, 2]],
    ["", []],
  ])("has true gradients with a second bottom and { %s }", async (param, small) => {
    const secondShapes = [shape, small];
    await checkLayer(layer(param), [shape, small], { secondShapes });
    await checkLayer(layer(param), [shape, small], { secondShapes, inPlace: true });
  });

  test("adds its second bottom to each place", async () => {
    const bench = await runLayer('type: "Bias"', [
      { shape: [1, 2, 2], values: listed([1, 2, 3, 4]) },
      { shape: [2], values: listed([10, 20]) },
    ]);
    expectClose(bench.tops[0]!.data, [11, 12, 23, 24]);
  });

  test("starts at 0", async () => {
    const { layer: built } = await benchLayer('type: "Bias"', [shape]);
    expect([...built.blobs[0]!.data]).toEqual([0, 0, 0]);
  });

  test("refuses a bias that does not fit", async () => {
    await expect(runLayer(layer(), [[2, 3], [4]])).rejects.toThrow(
      "dimension mismatch between bottom[0]->shape(1) and bias->shape(0): 3 and 4",
    );
    await expect(benchLayer(layer("num_axes: 3"), [[2, 3]])).rejects.toThrow(
      "bias blob's shape extends past bottom[0]'s shape",
    );
  });
});
