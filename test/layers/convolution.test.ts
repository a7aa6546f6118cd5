import { describe, expect, test } from "vitest";
import { benchLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const gaussian = 'weight_filler { type: "gaussian" std: 0.5 } bias_filler { type: "gaussian" }';

describe.each(["Convolution", "Deconvolution"])("%s", (type) => {
  test.each<[string, string, readonly number[]]>([
    ["a 3 x 3 kernel", "num_output: 3 kernel_size: 3", [1, 2, 5, 6]],
    ["stride and pad", "num_output: 3 kernel_size: 3 stride: 2 pad: 1", [2, 2, 5, 6]],
    [
      "pad, unequal on the axes",
      "num_output: 2 kernel_h: 3 kernel_w: 2 pad_h: 2 pad_w: 1",
      [1, 2, 4, 5],
    ],
    ["groups", "num_output: 6 kernel_size: 3 group: 3 pad: 1", [1, 9, 4, 5]],
    ["one channel a group", "num_output: 4 kernel_size: 3 group: 4 pad: 1", [1, 4, 5, 5]],
    [
      "one channel a group, with stride",
      "num_output: 4 kernel_size: 3 stride: 2 group: 4 pad: 1",
      [1, 4, 5, 5],
    ],
    [
      "one channel a group and a wide kernel",
      "num_output: 2 kernel_size: 9 stride: 4 group: 2 pad: 1",
      [1, 2, 9, 9],
    ],
    ["dilation", "num_output: 2 kernel_size: 3 dilation: 2", [1, 2, 7, 6]],
    ["a 1 x 1 kernel", "num_output: 5 kernel_size: 1", [2, 3, 4, 3]],
    ["one spatial axis", "num_output: 3 kernel_size: 3 pad: 1", [2, 2, 7]],
    ["three spatial axes", "num_output: 2 kernel_size: 2 stride: 2 pad: 1", [1, 2, 3, 4, 3]],
    ["no spatial axis", "num_output: 3", [2, 4]],
    ["another channel axis", "num_output: 2 kernel_size: 2 axis: 2", [1, 2, 3, 4, 4]],
    ["no bias", "num_output: 2 kernel_size: 2 bias_term: false", [1, 2, 3, 4]],
  ])("has true gradients with %s", async (_name, param, shape) => {
    await checkLayer(`type: "${type}" convolution_param { ${param} ${gaussian} }`, [shape]);
  });

  test("adds up the gradients of several bottoms", async () => {
    await checkLayer(
      `type: "${type}" convolution_param { num_output: 2 kernel_size: 2 ${gaussian} }`,
      [
        [1, 2, 4, 4],
        [1, 2, 4, 4],
      ],
      { tops: 2 },
    );
  });

  test("takes a batch without items", async () => {
    const text = `type: "${type}" convolution_param { num_output: 3 kernel_size: 3 pad: 1 }`;
    const bench = await benchLayer(text, [[0, 2, 5, 5]]);
    bench.forward();
    bench.backward();
    expect(bench.tops[0]!.shape).toEqual([0, 3, 5, 5]);
    expect(bench.layer.blobs[1]!.diff).toEqual(new Float32Array(3));
    bench.dispose();
  });

  test.each([
    ["", "Filter dimensions must be nonzero."],
    ["kernel_size: 0", "Filter dimensions must be nonzero."],
    ["kernel_h: 3", "Filter dimensions must be nonzero."],
    [
      "kernel_size: 3 kernel_h: 3",
      "Either kernel_size or kernel_h/w should be specified; not both.",
    ],
    ["kernel_size: 3 stride: 0", "Stride dimensions must be nonzero."],
    [
      "kernel_size: 3 stride: 1 stride: 1 stride: 1",
      "stride must be specified once, or once per spatial dimension (stride specified 3 times; 2 spatial dims).",
    ],
    ["kernel_size: 3 group: 2", "Number of output should be multiples of group."],
    ["kernel_size: 3 group: 4", "the number of input channels (2) must be a multiple of group (4)"],
    ["kernel_size: 3 axis: 5", "axis 5 out of range for 4-D Blob with shape 1 2 5 5 (50)"],
  ])("refuses { %s }", async (param, problem) => {
    const text = `type: "${type}" convolution_param { num_output: 3 ${param} }`;
    await expect(benchLayer(text, [[1, 2, 5, 5]])).rejects.toThrow(problem);
  });

  test("refuses bottoms of different shapes and a missing num_output", async () => {
    const text = (param: string) => `type: "${type}" convolution_param { ${param} kernel_size: 3 }`;
    const shapes = [
      [1, 2, 5, 5],
      [1, 2, 5, 6],
    ];
    await expect(benchLayer(text("num_output: 3"), shapes, { tops: 2 })).rejects.toThrow(
      "shape mismatch - bottom[0]: 1 2 5 5 (50) vs. bottom[1]: 1 2 5 6 (60)",
    );
    await expect(benchLayer(text(""), [[1, 2, 5, 5]])).rejects.toThrow(
      "num_output must be at least 1",
    );
  });
});

test("Convolution refuses an input that the kernel does not fit", async () => {
  const text = 'type: "Convolution" convolution_param { num_output: 1 kernel_size: 5 }';
  await expect(benchLayer(text, [[1, 1, 2, 8]])).rejects.toThrow(
    "along axis 2 the output would have size -2: the input has size 2, the kernel 5 and the padding 0",
  );
});
