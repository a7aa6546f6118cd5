import { describe, expect, test } from "vitest";
import { type BottomSpec, labels, runLayer } from "../support/bench-layer.ts";

const uniform = '{ type: "uniform" min: -0.5 max: 0.5 }';
const image: readonly BottomSpec[] = [[2, 3, 5, 4]];
const sequence: readonly BottomSpec[] = [[3, 2, 4], { shape: [3, 2], values: labels(2) }];

const engines = ["DEFAULT", "CAFFE", "CUDNN"].map((engine) => `engine: ${engine}`);
const forceNd = ["force_nd_im2col: true"];
const debugInfo = ["debug_info: true"];
const convolution = `num_output: 2 kernel_size: 3 weight_filler ${uniform}`;
const recurrent = `num_output: 2 weight_filler ${uniform}`;

/** Fields that say how a layer is to be computed, not what. */
const hints = [
  ["Convolution", "convolution_param", convolution, engines],
  ["Convolution", "convolution_param", convolution, forceNd],
  ["Deconvolution", "convolution_param", convolution, engines],
  ["Im2col", "convolution_param", "kernel_size: 3 pad: 1", forceNd],
  ["Pooling", "pooling_param", "kernel_size: 2", engines],
  ["SPP", "spp_param", "pyramid_height: 2", engines],
  ["LRN", "lrn_param", "", engines],
  ["ReLU", "relu_param", "", engines],
  ["Sigmoid", "sigmoid_param", "", engines],
  ["TanH", "tanh_param", "", engines],
  ["Softmax", "softmax_param", "", engines],
  ["LSTM", "recurrent_param", recurrent, debugInfo],
  ["RNN", "recurrent_param", recurrent, debugInfo],
] as const;

describe("a hint about the computation changes no value", () => {
  test.each(hints)("%s with %s { %s } and %j", async (type, message, param, given) => {
    const bottoms = message === "recurrent_param" ? sequence : image;
    const values = async (hint: string) => {
      const bench = await runLayer(`type: "${type}" ${message} { ${param} ${hint} }`, bottoms);
      const result = [...bench.tops[0]!.data];
      bench.dispose();
      return result;
    };
    const plain = await values("");
    for (const hint of given) expect(await values(hint)).toEqual(plain);
  });
});
