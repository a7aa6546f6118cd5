/** @file For each layer type that needs no files: bottoms and parameters with which its fields show. */
import type { Bottom, Probe } from "./probe.ts";

const real = (...shape: number[]): Bottom => ({ shape });
const whole = (below: number, ...shape: number[]): Bottom => ({ shape, whole: below });

const weights = 'weight_filler { type: "xavier" }';
const image = real(2, 4, 6, 5);
const windows = [
  `convolution_param { num_output: 4 kernel_size: 2 ${weights} }`,
  `convolution_param { num_output: 4 kernel_h: 2 kernel_w: 2 ${weights} }`,
];
const recurrent = {
  bottoms: [real(3, 2, 4), whole(2, 3, 2)],
  params: [`recurrent_param { num_output: 3 ${weights} }`],
};
const pixels = [real(4, 3, 2), whole(3, 4, 1, 2)];
const neuron = (params = ""): Probe => ({ bottoms: [real(2, 3, 4)], params: [params] });

const single: Readonly<Record<string, Probe>> = {
  Accuracy: { bottoms: [real(8, 3), whole(3, 8)], params: [""] },
  ArgMax: neuron(),
  BatchNorm: { bottoms: [real(3, 2, 4)], params: [""] },
  Bias: neuron(),
  Clip: neuron("clip_param { min: -0.5 max: 0.5 }"),
  Concat: { bottoms: [real(2, 2, 3), real(2, 2, 3)], params: [""] },
  ContrastiveLoss: {
    bottoms: [real(4, 3), real(4, 3), whole(2, 4)],
    params: ["contrastive_loss_param { margin: 5 }"],
  },
  Convolution: { bottoms: [image], params: windows },
  Crop: { bottoms: [real(2, 3, 6, 5), real(2, 3, 4, 3)], params: [""] },
  Deconvolution: { bottoms: [image], params: windows },
  Dropout: neuron(),
  DummyData: {
    bottoms: [],
    params: [
      'dummy_data_param { shape { dim: 2 dim: 3 } data_filler { type: "uniform" } }',
      "dummy_data_param { num: 2 channels: 3 height: 2 width: 2 }",
    ],
  },
  ELU: neuron(),
  Eltwise: {
    bottoms: [real(2, 3), real(2, 3)],
    params: ["", "eltwise_param { operation: PROD }"],
  },
  Embed: {
    bottoms: [whole(4, 4)],
    params: [`embed_param { input_dim: 4 num_output: 3 ${weights} }`],
  },
  Exp: neuron(),
  Flatten: { bottoms: [real(2, 3, 4, 2)], params: [""] },
  HingeLoss: { bottoms: [real(4, 3), whole(3, 4)], params: [""] },
  Im2col: { bottoms: [image], params: windows },
  InfogainLoss: { bottoms: [...pixels, real(1, 1, 3, 3)], params: [""] },
  InnerProduct: {
    bottoms: [real(2, 3, 3)],
    params: [`inner_product_param { num_output: 4 ${weights} }`],
  },
  Input: { bottoms: [], params: ["input_param { shape { dim: 2 } }"] },
  LRN: { bottoms: [image], params: [""] },
  LSTM: recurrent,
  Log: neuron("log_param { shift: 2 }"),
  MVN: { bottoms: [real(2, 3, 4)], params: [""] },
  PReLU: neuron(),
  Parameter: { bottoms: [], params: ["parameter_param { shape { dim: 2 } }"] },
  Permute: neuron("permute_param { order: 0 order: 2 }"),
  Pooling: {
    bottoms: [image],
    params: [
      "pooling_param { kernel_size: 2 stride: 2 }",
      "pooling_param { kernel_h: 2 kernel_w: 2 stride_h: 2 stride_w: 2 }",
    ],
  },
  Power: neuron("power_param { power: 2 }"),
  Python: {
    bottoms: pixels,
    params: [
      'python_param { module: "weighted-softmax-loss" layer: "WeightedSoftmaxLoss" param_str: "[1, 2, 3]" }',
    ],
  },
  RNN: recurrent,
  ReLU: neuron(),
  Reduction: neuron(),
  Reshape: neuron("reshape_param { shape { dim: 0 dim: -1 } }"),
  SPP: { bottoms: [image], params: ["spp_param { pyramid_height: 2 }"] },
  Scale: neuron("scale_param { bias_term: true }"),
  Sigmoid: neuron(),
  SigmoidCrossEntropyLoss: { bottoms: [real(4, 3, 2), whole(2, 4, 3, 2)], params: [""] },
  Slice: { bottoms: [real(2, 4, 4)], tops: 2, params: [""] },
  Softmax: neuron(),
  SoftmaxWithLoss: { bottoms: pixels, params: [""] },
  Swish: neuron(),
  TanH: neuron(),
  Threshold: neuron(),
  Tile: neuron("tile_param { tiles: 2 }"),
};

const rois: Bottom = { shape: [3, 5], whole: 5 };

/** Types of other forks. */
const foreign: Readonly<Record<string, Probe>> = {
  BN: { bottoms: [real(3, 2, 4, 3)], params: [""] },
  ConvolutionDepthwise: { bottoms: [image], params: windows },
  DepthwiseConvolution: { bottoms: [image], params: windows },
  Interp: { bottoms: [image], params: ["interp_param { height: 4 width: 4 }", "interp_param {}"] },
  Normalize: { bottoms: [image], params: ["norm_param {}", "normalize_bbox_param {}"] },
  PSROIPooling: {
    bottoms: [real(2, 8, 6, 5), rois],
    params: ["psroi_pooling_param { spatial_scale: 1 output_dim: 2 group_size: 2 }"],
  },
  PriorBox: {
    bottoms: [image, real(2, 3, 12, 10)],
    params: ["prior_box_param { min_size: 8 aspect_ratio: 2 }"],
  },
  ROIPooling: {
    bottoms: [image, rois],
    params: ["roi_pooling_param { pooled_h: 2 pooled_w: 2 }"],
  },
  ReLU6: neuron(),
  ShuffleChannel: { bottoms: [image], params: [""] },
  SmoothL1Loss: { bottoms: [real(4, 3, 2), real(4, 3, 2)], params: ["loss_param {}"] },
  Upsample: {
    bottoms: [image, whole(2, 2, 4, 6, 5)],
    params: ["upsample_param { scale: 2 }", "upsample_param { upsample_h: 9 upsample_w: 9 }"],
  },
};

/** By layer type; several where the number of bottoms matters. */
export const probes: Readonly<Record<string, readonly Probe[]>> = {
  ...Object.fromEntries(
    Object.entries({ ...single, ...foreign }).map(([type, probe]) => [type, [probe]]),
  ),
  // Without a third bottom, the matrix comes from a file.
  InfogainLoss: [single.InfogainLoss!, { bottoms: pixels, params: [""] }],
};
