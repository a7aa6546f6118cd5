import { describe, expect, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const filler = 'filler { type: "gaussian" } bias_filler { type: "gaussian" }';
const layer = (param = "") => `type: "Scale" scale_param { ${param} }`;

describe("Scale", () => {
  test.each([
    "",
    "bias_term: true",
    "axis: 0",
    "axis: 0 num_axes: 2 bias_term: true",
    "axis: 2 num_axes: -1",
    "axis: -1 bias_term: true",
    "num_axes: 0 bias_term: true",
  ])("has true gradients with a learned scale and { %s }", async (param) => {
    const shape = [2, 3, 4, 2];
    const second = { secondShapes: [[2, 3, 4, 2]] };
    await checkLayer(layer(`${filler} ${param}`), [shape], second);
    await checkLayer(layer(`${filler} ${param}`), [shape], { ...second, inPlace: true });
  });

  test.each([
    ["axis: 0", [2, 3, 4, 2]],
    ["axis: 0", [2, 3]],
    ["axis: 1", [3, 4]],
    ["axis: 2 bias_term: true", [4, 2]],
    ["axis: 3", []],
  ])("has true gradients with a second bottom and { %s }", async (param, small) => {
    const second = { secondShapes: [[2, 3, 4, 2], small] };
    await checkLayer(layer(`${filler} ${param}`), [[2, 3, 4, 2], small], second);
    await checkLayer(layer(`${filler} ${param}`), [[2, 3, 4, 2], small], {
      ...second,
      inPlace: true,
    });
  });

  test("multiplies each channel and adds its bias", async () => {
    const bench = await benchLayer(layer("bias_term: true"), [
      { shape: [1, 2, 2], values: listed([1, 2, 3, 4]) },
    ]);
    expect(bench.layer.blobs.map(({ data }) => [...data])).toEqual([
      [1, 1],
      [0, 0],
    ]);
    bench.layer.blobs[0]!.set([2, -1]);
    bench.layer.blobs[1]!.set([10, 0.5]);
    bench.forward();
    expectClose(bench.tops[0]!.data, [12, 14, -2.5, -3.5]);
  });

  test.each([
    ["", [3]],
    ["num_axes: 2", [3, 4]],
    ["num_axes: -1", [3, 4, 2]],
    ["num_axes: 0", []],
    ["axis: -2", [4]],
  ])("learns a blob with { %s } of shape %j", async (param, shape) => {
    const { layer: built } = await benchLayer(layer(param), [[2, 3, 4, 2]]);
    expect(built.blobs[0]!.shape).toEqual(shape);
  });

  test.each([
    ["num_axes: 3", [[2, 3]], "scale blob's shape extends past bottom[0]'s shape"],
    ["num_axes: -2", [[2, 3]], "num_axes must be non-negative, or -1 to extend to the end"],
    ["axis: 2", [[2, 3]], "axis 2 out of range"],
    [
      "",
      [
        [2, 3],
        [2, 3, 8],
      ],
      "when applied starting with bottom[0] axis = 1",
    ],
    [
      "",
      [[2, 3], [4]],
      "dimension mismatch between bottom[0]->shape(1) and scale->shape(0): 3 and 4",
    ],
  ])("refuses { %s } on %j", async (param, shapes, message) => {
    await expect(runLayer(layer(param), shapes)).rejects.toThrow(message);
  });
});
