/** @file Layers that devices have kernels of their own for, with parameters and bottoms to compare them on. */
import { type BottomSpec, between, labels, listed } from "./bench-layer.ts";
import type { DeviceLayerOptions } from "./device-layer.ts";

/** Parameters, bottoms, options. */
export type DeviceCase = readonly [
  param: string,
  bottoms: readonly BottomSpec[],
  options?: DeviceLayerOptions,
];

const image: readonly BottomSpec[] = [[2, 3, 5, 7]];
/** More values than one workgroup takes. */
const large: readonly BottomSpec[] = [[3, 5, 37, 41]];
const flat: readonly BottomSpec[] = [[70, 90]];
const ties: BottomSpec = { shape: [2, 3, 6, 6], values: listed([1, 3, 2, 3, 1, 0, 2]) };
const withNaN: BottomSpec = { shape: [6, 3], values: listed([1, Number.NaN, 2, 3, 0.5]) };
const positive: readonly BottomSpec[] = [{ shape: [2, 3, 4], values: between(0.1, 3) }];
const inPlace = { inPlace: true };
const test = { phase: "TEST" as const };
const noGradient = { noGradient: true };
const dataOnly = { propagateDown: [true, false] };
const scores = (shape: readonly number[], classes: number, axis = 1): readonly BottomSpec[] => [
  shape,
  { shape: shape.toSpliced(axis, 1), values: labels(classes) },
];
const loss = (mode: string) => `loss_param { normalization: ${mode} ignore_label: 1 }`;
const uniform = 'filler { type: "uniform" min: -1 max: 1 }';

/** By type: what a device has to compute as the CPU does, odd sizes and in-place layers among it. */
export const deviceCases: Readonly<Record<string, readonly DeviceCase[]>> = {
  AbsVal: [["", image]],
  Accuracy: [
    ["", scores([30, 4], 4), noGradient],
    [
      "accuracy_param { top_k: 2 ignore_label: 0 }",
      scores([4, 5, 3, 6], 5),
      { tops: 2, ...noGradient },
    ],
    ["accuracy_param { axis: 2 }", scores([4, 5, 3], 3, 2), { tops: 2, ...noGradient }],
    ["", [ties, { shape: [2, 6, 6], values: labels(3) }], noGradient],
    ["", [withNaN, { shape: [6], values: labels(3) }], { tops: 2, ...noGradient }],
    ["", scores([40, 3, 20, 20], 3), { tops: 2, ...noGradient }],
  ],
  ArgMax: [
    ["", flat, noGradient],
    ["argmax_param { top_k: 5 out_max_val: true }", [ties], noGradient],
    ["argmax_param { axis: 1 }", large, noGradient],
    ["argmax_param { axis: -2 top_k: 3 out_max_val: true }", [ties], noGradient],
  ],
  Axpy: [
    ["", [[2, 3], image[0]!, image[0]!]],
    ["", [[3, 5, 1, 1], large[0]!, large[0]!]],
  ],
  BatchNorm: [
    ["", large],
    ["", flat],
    ["", [[3, 80]], inPlace],
    ["batch_norm_param { eps: 0.1 moving_average_fraction: 0.5 }", image, inPlace],
    ["", image, test],
    ["batch_norm_param { use_global_stats: true }", image, inPlace],
    [
      "",
      [{ shape: [2, 3, 50], values: (random) => 1000 + random.uniform(0, 1) }],
      { tolerance: 1e-3 },
    ],
    ["", [[1, 4]]],
  ],
  Bias: [
    [`bias_param { ${uniform} }`, large],
    [`bias_param { axis: 0 num_axes: 2 ${uniform} }`, flat, inPlace],
    [
      "bias_param { axis: 2 }",
      [
        [2, 3, 5, 7],
        [5, 7],
      ],
    ],
    [
      "bias_param { axis: 2 }",
      [
        [2, 3, 5, 7],
        [5, 7],
      ],
      inPlace,
    ],
    [`bias_param { num_axes: 0 ${uniform} }`, large],
  ],
  BNLL: [
    ["", [{ shape: [3, 40], values: between(-30, 30) }]],
    ["", image],
  ],
  Clip: [["clip_param { min: -0.5 max: 1 }", image]],
  Concat: [
    [
      "",
      [
        [2, 3, 4],
        [2, 1, 4],
        [2, 2, 4],
      ],
    ],
    [
      "concat_param { axis: 0 }",
      [
        [2, 3],
        [1, 3],
      ],
    ],
    [
      "concat_param { axis: -1 }",
      [
        [2, 3],
        [2, 4],
      ],
    ],
  ],
  ContrastiveLoss: ["", "contrastive_loss_param { margin: 3 legacy_version: true }"].map(
    (param): DeviceCase => [
      param,
      [[30, 5], [30, 5], { shape: [30], values: labels(2) }],
      { propagateDown: [true, true, false] },
    ],
  ),
  Crop: [
    [
      "crop_param { axis: 2 offset: 1 offset: 3 }",
      [
        [2, 3, 5, 7],
        [1, 1, 3, 4],
      ],
      dataOnly,
    ],
    [
      "crop_param { axis: 0 offset: 1 }",
      [
        [3, 3, 5],
        [2, 2, 4],
      ],
      dataOnly,
    ],
  ],
  Dropout: [
    ["", large],
    ["dropout_param { dropout_ratio: 0.3 }", flat, inPlace],
    ["dropout_param { dropout_ratio: 0.3 scale_train: false }", image],
    ["dropout_param { dropout_ratio: 0 }", image],
    ["", image, test],
    ["", image, { ...test, ...inPlace }],
    ["dropout_param { scale_train: false }", image, { ...test, ...inPlace }],
  ],
  Eltwise: [
    [
      "eltwise_param { coeff: 1 coeff: -0.5 coeff: 1 }",
      [
        [3, 50],
        [3, 50],
        [3, 50],
      ],
    ],
    [
      "",
      [
        [3, 50],
        [3, 50],
      ],
      inPlace,
    ],
    [
      "eltwise_param { operation: PROD }",
      [
        [3, 50],
        [3, 50],
        [3, 50],
      ],
    ],
    ["eltwise_param { operation: PROD stable_prod_grad: false }", [...positive, ...positive]],
    ["eltwise_param { operation: MAX }", [ties, [2, 3, 6, 6], ties]],
  ],
  ELU: [
    ["elu_param { alpha: 0.5 }", image],
    ["", image, inPlace],
  ],
  Embed: [
    [
      `embed_param { num_output: 70 input_dim: 9 weight_${uniform} bias_${uniform} }`,
      [{ shape: [11, 3], values: labels(9) }],
      { propagateDown: [false] },
    ],
    [
      `embed_param { num_output: 3 input_dim: 400 bias_term: false weight_${uniform} }`,
      [{ shape: [5], values: labels(400) }],
      { propagateDown: [false] },
    ],
  ],
  EuclideanLoss: [
    ["", [...large, ...large]],
    [
      "loss_weight: 2.5",
      [
        [4, 3],
        [4, 3],
      ],
    ],
  ],
  Exp: [
    ["exp_param { base: 3 scale: 0.5 shift: 1 }", image],
    ["", image, inPlace],
  ],
  HingeLoss: [
    ["hinge_loss_param { norm: L2 }", scores([20, 5], 5), dataOnly],
    ["", scores([20, 5], 5), dataOnly],
  ],
  Interp: [
    ["interp_param { height: 9 width: 4 }", image],
    ["interp_param { zoom_factor: 2 }", image],
    ["interp_param { shrink_factor: 2 pad_beg: -1 }", image],
    ["interp_param { height: 1 width: 20 pad_end: -2 }", image],
    [
      "",
      [
        [2, 3, 5, 7],
        [1, 1, 8, 3],
      ],
    ],
  ],
  L1Loss: [["", [...image, ...image]]],
  Log: [
    ["log_param { base: 2 scale: 2 shift: 1 }", positive],
    ["", positive],
  ],
  LRN: [
    ["lrn_param { alpha: 0.3 }", [[2, 9, 5, 4]]],
    ["lrn_param { local_size: 3 alpha: 2 beta: 0.6 k: 2 }", image],
    ["lrn_param { local_size: 3 alpha: 2 norm_region: WITHIN_CHANNEL }", image],
  ],
  MVN: [
    ["", large],
    ["mvn_param { across_channels: true eps: 0.1 }", image],
    ["mvn_param { normalize_variance: false }", image],
  ],
  Normalize: [
    [`norm_param { across_spatial: false channel_shared: false scale_${uniform} }`, large],
    [`norm_param { across_spatial: false channel_shared: true scale_${uniform} }`, image, inPlace],
    [`norm_param { channel_shared: false scale_${uniform} }`, large, inPlace],
    ["", image],
  ],
  Permute: [
    ["permute_param { order: 0 order: 2 order: 3 order: 1 }", image],
    ["permute_param { order: 3 order: 1 order: 0 order: 2 }", image],
  ],
  Pooling: [
    ["pooling_param { kernel_size: 3 stride: 2 }", large],
    ["pooling_param { kernel_size: 3 stride: 2 pad: 1 }", [ties], { tops: 2 }],
    ["pooling_param { kernel_h: 2 kernel_w: 3 stride_h: 3 stride_w: 1 pad_h: 1 pad_w: 2 }", image],
    ["pooling_param { kernel_size: 1 stride: 2 }", image],
    ["pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 }", large],
    ["pooling_param { pool: AVE kernel_size: 2 stride: 3 round_mode: FLOOR }", image],
    // The windows in the last row lie behind the image.
    ["pooling_param { pool: AVE kernel_size: 1 stride: 4 }", [[1, 2, 4, 9]]],
    ["pooling_param { pool: AVE kernel_size: 1 stride: 4 }", [[1, 2, 7, 6]]],
    ["pooling_param { pool: AVE global_pooling: true }", large],
    ["pooling_param { pool: AVE global_pooling: true }", image],
    ["pooling_param { global_pooling: true }", image],
  ],
  Power: [
    ["power_param { power: 3 }", image],
    ["power_param { power: -2.5 shift: 1 }", positive],
    ["power_param { power: 6 scale: 0.5 }", image],
    ["power_param { power: 5 scale: 0.5 }", image],
    ["power_param { power: 0.5 }", positive],
    ["power_param { scale: -2 shift: 1 }", image, inPlace],
    ["power_param { power: 2 scale: 0 shift: 3 }", image],
  ],
  PReLU: [
    [`prelu_param { ${uniform} }`, large],
    [`prelu_param { ${uniform} }`, flat, inPlace],
    ["prelu_param { channel_shared: true }", large],
  ],
  Reduction: [
    ["reduction_param { axis: 1 coeff: 2 }", large],
    ["reduction_param { operation: ASUM axis: -1 }", image],
    ["reduction_param { operation: SUMSQ }", large],
    ["reduction_param { operation: MEAN axis: 1 }", flat],
  ],
  ReLU: [
    ["", image],
    ["relu_param { negative_slope: 0.1 }", image, inPlace],
  ],
  ReLU6: [
    ["relu6_param { negative_slope: 0.1 }", [{ shape: [5, 50], values: between(-4, 12) }], inPlace],
  ],
  Scale: [
    [`scale_param { bias_term: true ${uniform} bias_${uniform} }`, large],
    [`scale_param { bias_term: true ${uniform} bias_${uniform} }`, flat, inPlace],
    [`scale_param { axis: 0 num_axes: -1 ${uniform} }`, image],
    [`scale_param { num_axes: 0 ${uniform} }`, image],
    [
      "scale_param { axis: 2 }",
      [
        [2, 3, 5, 7],
        [5, 7],
      ],
    ],
    [`scale_param { axis: 0 bias_term: true bias_${uniform} }`, [[2, 3, 5], [2]], inPlace],
  ],
  ShuffleChannel: [
    ["shuffle_channel_param { group: 3 }", [[2, 12, 5, 7]]],
    ["shuffle_channel_param { group: 2 }", [[3, 8]]],
  ],
  Sigmoid: [
    ["", [{ shape: [3, 50], values: between(-100, 100) }]],
    ["", image, inPlace],
  ],
  SigmoidCrossEntropyLoss: [
    ["", [[4, 30], { shape: [4, 30], values: between(0, 1) }], dataOnly],
    ...["VALID", "FULL", "BATCH_SIZE", "NONE"].map(
      (mode): DeviceCase => [
        loss(mode),
        [[4, 30], { shape: [4, 30], values: labels(2) }],
        dataOnly,
      ],
    ),
    ["loss_weight: 3", [[4, 30], { shape: [4, 30], values: labels(2) }], dataOnly],
  ],
  Silence: [["", [[2, 3], [4]], { tops: 0 }]],
  Slice: [
    ["", [[2, 6, 3]], { tops: 3 }],
    ["slice_param { axis: 2 slice_point: 1 slice_point: 4 }", image, { tops: 3 }],
  ],
  SmoothL1Loss: [
    ["", [...large, ...large]],
    ["smooth_l1_loss_param { sigma: 3 } loss_weight: 2", [...image, ...image, ...image, ...image]],
    ["loss_param { normalization: VALID }", [...image, ...image, ...image]],
  ],
  Softmax: [
    ["", large],
    ["", flat, inPlace],
    ["softmax_param { axis: 0 }", image],
    ["", [{ shape: [2, 100], values: between(-200, 200) }]],
  ],
  SoftmaxWithLoss: [
    ["", scores([40, 90], 90), dataOnly],
    ["", scores([2, 5, 30, 40], 5), dataOnly],
    ...["VALID", "FULL", "BATCH_SIZE", "NONE"].map(
      (mode): DeviceCase => [loss(mode), scores([3, 5, 4, 6], 5), dataOnly],
    ),
    ["softmax_param { axis: 2 } loss_weight: 2", scores([3, 5, 4], 4, 2), dataOnly],
    [
      "loss_weight: 1 loss_weight: 0",
      scores([3, 5, 4], 5),
      { ...dataOnly, tops: 2, noGradient: true },
    ],
  ],
  Split: [
    ["", image, { tops: 3 }],
    ["", image, { tops: 17 }],
  ],
  Swish: [["swish_param { beta: 1.5 }", image]],
  TanH: [
    ["", [{ shape: [3, 50], values: between(-100, 100) }]],
    ["", image, inPlace],
  ],
  Threshold: [["threshold_param { threshold: 0.2 }", image, noGradient]],
  Tile: [
    ["tile_param { axis: 1 tiles: 3 }", image],
    ["tile_param { axis: -1 tiles: 2 }", image],
  ],
  Upsample: [
    ["upsample_param { scale: 3 }", image],
    ["", flat],
  ],
};
