import { describe, test } from "vitest";
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
});
