/** @file One small instance of each layer that has a gradient, for what all of them must fulfil. */
import { type BottomSpec, awayFromZero, between, labels, listed } from "./bench-layer.ts";
import type { CheckOptions } from "./check-layer.ts";

export interface LayerExample {
  /** What follows the type in the prototxt. */
  readonly param?: string;
  /** The bottoms for a batch of so many items. */
  bottoms(items: number): readonly BottomSpec[];
  readonly options?: CheckOptions;
  /** Runs in place too. */
  readonly inPlace?: boolean;
}

const uniform = '{ type: "uniform" min: -0.5 max: 0.5 }';
const fillers = `weight_filler ${uniform} bias_filler ${uniform}`;

const image = (n: number): BottomSpec[] => [[n, 2, 4, 3]];
const nonzero = (n: number): BottomSpec[] => [{ shape: [n, 3, 4], values: awayFromZero }];
const positive = (n: number): BottomSpec[] => [{ shape: [n, 3], values: between(0.5, 2) }];
/** No two values nearer than 0.1: no step of the check changes a maximum. */
const distinct = (n: number): BottomSpec[] => [
  { shape: [n, 2, 6, 5], values: (_, i) => ((i * 37) % 211) / 10 },
];
const twins = (n: number): BottomSpec[] => [
  [n, 3, 2],
  [n, 3, 2],
];
const classified = (n: number): BottomSpec[] => [[n, 4, 3], { shape: [n, 3], values: labels(4) }];
const sequences = (n: number): BottomSpec[] => [
  [3, n, 2],
  { shape: [3, n], values: listed([0, 1, 1, 0, 1]) },
];

const dataOnly: CheckOptions = { propagateDown: [true, false] };
const neuron: LayerExample = { bottoms: image };
const neuronInPlace: LayerExample = { ...neuron, inPlace: true };
const convolution: LayerExample = {
  param: `convolution_param { num_output: 4 group: 2 kernel_h: 3 kernel_w: 2 pad: 1 stride: 2 ${fillers} }`,
  bottoms: image,
};
const depthwise: LayerExample = {
  param: `convolution_param { num_output: 2 kernel_size: 3 pad: 1 stride: 2 ${fillers} }`,
  bottoms: image,
};
/** A region of each item. */
const regions = (n: number): BottomSpec => ({
  shape: [n, 5],
  values: (_, i) => [Math.floor(i / 5), 1, 2, 8, 7][i % 5]!,
});
const recurrent: LayerExample = {
  param: `recurrent_param { num_output: 3 ${fillers} }`,
  bottoms: sequences,
  options: dataOnly,
};

/** By type. A Parameter is left out: its top is its blob, values and gradient. */
export const layerExamples: Readonly<Record<string, LayerExample>> = {
  AbsVal: { bottoms: nonzero },
  BNLL: neuron,
  BatchReindex: {
    bottoms: (n) => [[n, 2], { shape: [n === 0 ? 0 : 3], values: listed([0, n - 1, 0]) }],
    options: dataOnly,
  },
  Bias: { param: "bias_param { num_axes: 2 }", bottoms: image, inPlace: true },
  Clip: {
    param: "clip_param { min: -1 max: 1 }",
    bottoms: (n) => [{ shape: [n, 6], values: listed([-2, -0.9, 0, 0.5, 0.9, 1.5]) }],
  },
  Concat: { bottoms: twins },
  ContrastiveLoss: {
    param: "contrastive_loss_param { margin: 4 }",
    bottoms: (n) => [[n, 3], [n, 3], { shape: [n], values: listed([1, 0]) }],
    options: { propagateDown: [true, true, false] },
  },
  Convolution: convolution,
  Crop: {
    param: "crop_param { axis: 1 offset: 1 }",
    bottoms: (n) => [
      [n, 3, 4],
      [n, 2, 2],
    ],
    options: dataOnly,
  },
  Deconvolution: convolution,
  Dropout: { bottoms: image, inPlace: true },
  ELU: { bottoms: nonzero, inPlace: true },
  Eltwise: { param: "eltwise_param { operation: PROD }", bottoms: twins },
  Embed: {
    param: `embed_param { num_output: 3 input_dim: 5 ${fillers} }`,
    bottoms: (n) => [{ shape: [n, 2], values: labels(5) }],
    options: { propagateDown: [false] },
  },
  EuclideanLoss: { bottoms: twins },
  Exp: { param: "exp_param { base: 2 scale: 0.5 }", bottoms: image, inPlace: true },
  Filter: {
    bottoms: (n) => [[n, 3], { shape: [n], values: listed([1, 0, 1]) }],
    options: dataOnly,
  },
  Flatten: neuron,
  HingeLoss: {
    param: "hinge_loss_param { norm: L2 }",
    bottoms: (n) => [[n, 5], { shape: [n], values: labels(5) }],
    options: dataOnly,
  },
  Im2col: { param: "convolution_param { kernel_size: 2 pad: 1 }", bottoms: image },
  InfogainLoss: {
    bottoms: (n) => [...classified(n), [4, 4]],
    options: { propagateDown: [true, false, false] },
  },
  InnerProduct: { param: `inner_product_param { num_output: 3 ${fillers} }`, bottoms: image },
  LRN: { param: "lrn_param { local_size: 3 }", bottoms: image },
  LSTM: recurrent,
  LSTMUnit: {
    bottoms: (n) => [[1, n, 2], [1, n, 8], { shape: [1, n], values: listed([1, 0]) }],
    options: { tops: 2, propagateDown: [true, true, false] },
  },
  Log: { bottoms: positive },
  MVN: neuron,
  MultinomialLogisticLoss: {
    bottoms: (n) => [...positive(n), { shape: [n], values: labels(3) }],
    options: dataOnly,
  },
  PReLU: { bottoms: nonzero, inPlace: true },
  Pooling: { param: "pooling_param { kernel_size: 3 stride: 2 pad: 1 }", bottoms: distinct },
  Power: { param: "power_param { power: 3 shift: 1 }", bottoms: positive },
  RNN: recurrent,
  ReLU: { param: "relu_param { negative_slope: 0.1 }", bottoms: nonzero, inPlace: true },
  Reduction: {
    param: "reduction_param { operation: SUMSQ axis: 1 }",
    bottoms: (n) => [[n, 3]],
  },
  Reshape: { param: "reshape_param { shape { dim: 0 dim: 4 dim: 6 } }", bottoms: image },
  SPP: { param: "spp_param { pyramid_height: 2 }", bottoms: distinct },
  Scale: { param: "scale_param { bias_term: true }", bottoms: image, inPlace: true },
  Sigmoid: neuronInPlace,
  SigmoidCrossEntropyLoss: {
    bottoms: (n) => [[n, 3], { shape: [n, 3], values: between(0, 1) }],
    options: dataOnly,
  },
  Slice: { bottoms: image, options: { tops: 2 } },
  Softmax: neuronInPlace,
  SoftmaxWithLoss: { bottoms: classified, options: dataOnly },
  Split: { bottoms: image, options: { tops: 3 } },
  Swish: neuron,
  TanH: neuronInPlace,
  Tile: { param: "tile_param { axis: 2 tiles: 3 }", bottoms: image },
  // The types of other forks.
  Axpy: {
    bottoms: (n) => [
      [n, 3],
      [n, 3, 4],
      [n, 3, 4],
    ],
  },
  ConvolutionDepthwise: depthwise,
  DepthwiseConvolution: depthwise,
  Interp: { param: "interp_param { height: 3 width: 5 }", bottoms: image },
  L1Loss: {
    bottoms: (n) => [
      { shape: [n, 3], values: between(1, 2) },
      { shape: [n, 3], values: between(-1, 0) },
    ],
  },
  Normalize: { param: "norm_param { across_spatial: false }", bottoms: positive, inPlace: true },
  Permute: { param: "permute_param { order: 0 order: 2 order: 3 order: 1 }", bottoms: image },
  PSROIPooling: {
    param: "psroi_pooling_param { output_dim: 1 group_size: 2 spatial_scale: 0.5 }",
    bottoms: (n) => [[n, 4, 5, 6], regions(n)],
    options: dataOnly,
  },
  ReLU6: {
    bottoms: (n) => [{ shape: [n, 7], values: listed([-3, -0.5, 0.5, 3, 5.5, 6.5, 9]) }],
    inPlace: true,
  },
  ROIPooling: {
    param: "roi_pooling_param { pooled_h: 2 pooled_w: 3 spatial_scale: 0.5 }",
    bottoms: (n) => [...distinct(n), regions(n)],
    options: dataOnly,
  },
  ShuffleChannel: {
    param: "shuffle_channel_param { group: 3 }",
    bottoms: (n) => [[n, 6, 2]],
  },
  SmoothL1Loss: { bottoms: (n) => [[n, 3, 2], { shape: [n, 3, 2], values: () => 3.5 }] },
  Upsample: { param: "upsample_param { scale: 2 }", bottoms: image },
};
