// Gradients, groups, strides and bad parameters are checked together with Convolution's in convolution.test.ts.
import { expect, test } from "vitest";
import { benchLayer } from "../support/bench-layer.ts";

async function deconvolve(
  param: string,
  shape: readonly number[],
  values: readonly number[],
  weight: readonly number[],
) {
  const bench = await benchLayer(
    `type: "Deconvolution" convolution_param { ${param} bias_term: false }`,
    [shape],
  );
  bench.bottoms[0]!.set(values);
  if (weight.length) bench.layer.blobs[0]!.set(weight);
  bench.forward();
  const result = {
    shape: bench.tops[0]!.shape,
    weightShape: bench.layer.blobs[0]!.shape,
    values: [...bench.tops[0]!.data],
  };
  bench.dispose();
  return result;
}

test("lays a copy of the kernel for each value, and adds where copies overlap", async () => {
  const { shape, values } = await deconvolve(
    "num_output: 1 kernel_size: 3 stride: 2",
    [1, 1, 1, 2],
    [1, 10],
    [
      1,
      2,
      3, //
      4,
      5,
      6,
      7,
      8,
      9,
    ],
  );
  expect(shape).toEqual([1, 1, 3, 5]); // 2 (2 - 1) + 3 = 5
  expect(values).toEqual([
    1,
    2,
    3 + 10,
    20,
    30, //
    4,
    5,
    6 + 40,
    50,
    60,
    7,
    8,
    9 + 70,
    80,
    90,
  ]);
});

test("cuts the padding off the result", async () => {
  const { shape, values } = await deconvolve(
    "num_output: 1 kernel_size: 3 stride: 2 pad: 1",
    [1, 1, 1, 2],
    [1, 10],
    [
      1,
      2,
      3, //
      4,
      5,
      6,
      7,
      8,
      9,
    ],
  );
  expect(shape).toEqual([1, 1, 1, 3]);
  expect(values).toEqual([5, 6 + 40, 50]);
});

test("keeps weights as (input channels, outputs of a group, kernel)", async () => {
  const { weightShape, shape } = await deconvolve(
    "num_output: 6 group: 2 kernel_h: 2 kernel_w: 3",
    [1, 4, 3, 3],
    new Array(36).fill(1),
    [],
  );
  expect(weightShape).toEqual([4, 3, 2, 3]);
  expect(shape).toEqual([1, 6, 4, 5]);
});

test("enlarges smoothly with a bilinear filler and a group for each channel", async () => {
  const { values, shape } = await deconvolve(
    'num_output: 2 group: 2 kernel_size: 4 stride: 2 pad: 1 weight_filler { type: "bilinear" }',
    [1, 2, 2, 2],
    [0, 4, 0, 4, 8, 8, 8, 8],
    [],
  );
  expect(shape).toEqual([1, 2, 4, 4]);
  // A row of the first channel: 0 and 4, enlarged; towards the border the missing neighbours count as 0.
  expect(values.slice(4, 8)).toEqual([0, 1, 3, 3]);
  expect(values.slice(16 + 5, 16 + 7)).toEqual([8, 8]);
});
