/** @file Sound nets and solvers: small, of all ages, and with every kind of layer between them. */

const layer = (name: string, type: string, rest: string) =>
  `layer { name: "${name}" type: "${type}" ${rest} }\n`;
const input = (name: string, ...dims: number[]) =>
  layer(
    name,
    "Input",
    `top: "${name}" input_param { shape { ${dims.map((d) => `dim: ${d}`).join(" ")} } }`,
  );

/** A net that applies one layer to an image of 2 x 4 x 8 x 6. */
const single = (type: string, rest = "") =>
  input("x", 2, 4, 8, 6) + layer("y", type, `bottom: "x" top: "y" ${rest}`);

const CONVNET = `name: "conv" # a comment
layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TRAIN }
  transform_param { mirror: true crop_size: 24 mean_value: 104 mean_value: 117 mean_value: 123 }
  data_param { source: "db" batch_size: 4 backend: LMDB } }
${input("data", 1, 3, 24, 24).replace("} }\n", "} exclude { phase: TRAIN } }\n")}
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  param { lr_mult: 1 decay_mult: 1 } param { lr_mult: 2 decay_mult: 0 }
  convolution_param { num_output: 8 pad: 1 kernel_size: 3 stride: 2 group: 1
    weight_filler { type: "gaussian" std: 0.01 } bias_filler { type: "constant" value: 0.1 } } }
${layer("relu1", "ReLU", 'bottom: "conv1" top: "conv1" relu_param { negative_slope: 0.1 }')}
${layer("norm1", "LRN", 'bottom: "conv1" top: "norm1" lrn_param { local_size: 3 alpha: 1e-4 beta: 0.75 }')}
${layer("pool1", "Pooling", 'bottom: "norm1" top: "pool1" pooling_param { pool: MAX kernel_size: 3 stride: 2 }')}
${layer("drop1", "Dropout", 'bottom: "pool1" top: "pool1" dropout_param { dropout_ratio: 0.5 }')}
${layer("ip1", "InnerProduct", 'bottom: "pool1" top: "ip1" inner_product_param { num_output: 5 weight_filler { type: "xavier" } }')}
${layer("loss", "SoftmaxWithLoss", 'bottom: "ip1" bottom: "label" top: "loss" include: { phase: TRAIN } loss_param < ignore_label: 255 >')}
${layer("prob", "Softmax", 'bottom: "ip1" top: "prob" include { phase: TEST, not_stage: "quick" };')}
`;

const FCN = `${input("data", 1, 3, 32, 32)}
${layer("conv", "Convolution", 'bottom: "data" top: "conv" convolution_param { num_output: 4 kernel_size: 5 pad: 20 stride: 4 }')}
${layer("up", "Deconvolution", 'bottom: "conv" top: "up" convolution_param { num_output: 4 kernel_size: 8 stride: 4 group: 4 bias_term: false weight_filler { type: "bilinear" } }')}
${layer("crop", "Crop", 'bottom: "up" bottom: "data" top: "crop" crop_param { axis: 2 offset: 3 offset: 3 }')}
${layer("bn", "BatchNorm", 'bottom: "crop" top: "bn" param { lr_mult: 0 } param { lr_mult: 0 } param { lr_mult: 0 }')}
${layer("scale", "Scale", 'bottom: "bn" top: "bn" scale_param { bias_term: true }')}
${layer("sum", "Eltwise", 'bottom: "bn" bottom: "crop" top: "sum" eltwise_param { operation: SUM coeff: [1, -1] }')}
${layer("cat", "Concat", 'bottom: "sum" bottom: "data" top: "cat" concat_param { axis: 1 }')}
${layer("slice", "Slice", 'bottom: "cat" top: "a" top: "b" slice_param { axis: 1 slice_point: 3 }')}
${layer("flat", "Flatten", 'bottom: "a" top: "flat"')}
${layer("shaped", "Reshape", 'bottom: "b" top: "shaped" reshape_param { shape { dim: 0 dim: -1 dim: 64 } axis: 0 num_axes: -1 }')}
${layer("best", "ArgMax", 'bottom: "shaped" top: "best" argmax_param { axis: 1 top_k: 2 }')}
${layer("tiled", "Tile", 'bottom: "flat" top: "tiled" tile_param { axis: 1 tiles: 3 }')}
${layer("reduced", "Reduction", 'bottom: "tiled" top: "reduced" reduction_param { operation: MEAN axis: 1 coeff: 2 }')}
`;

const RECURRENT = `${input("x", 5, 2, 7)}${input("cont", 5, 2)}
${layer("lstm", "LSTM", 'bottom: "x" bottom: "cont" top: "h" recurrent_param { num_output: 3 weight_filler { type: "uniform" min: -0.1 max: 0.1 } }')}
${layer("rnn", "RNN", 'bottom: "h" bottom: "cont" top: "o" recurrent_param { num_output: 2 }')}
${layer("words", "DummyData", 'top: "words" dummy_data_param { shape { dim: 5 dim: 2 } data_filler { type: "constant" value: 1 } }')}
${layer("embed", "Embed", 'bottom: "words" top: "e" embed_param { num_output: 4 input_dim: 9 }')}
${layer("shared", "InnerProduct", 'bottom: "o" top: "p" param { name: "w" share_mode: PERMISSIVE } inner_product_param { num_output: 2 axis: 2 bias_term: false }')}
${layer("shared2", "InnerProduct", 'bottom: "p" top: "q" param { name: "w" } inner_product_param { num_output: 2 axis: 2 bias_term: false transpose: true }')}
${layer("quiet", "Silence", 'bottom: "q" bottom: "e"')}
`;

const PAIRS = `${input("a", 4, 3)}${input("b", 4, 3)}${input("l", 4)}
${layer("l1", "EuclideanLoss", 'bottom: "a" bottom: "b" top: "l1" loss_weight: 0.5')}
${layer("l2", "ContrastiveLoss", 'bottom: "a" bottom: "b" bottom: "l" top: "l2" contrastive_loss_param { margin: 1 }')}
${layer("l3", "HingeLoss", 'bottom: "a" bottom: "l" top: "l3" hinge_loss_param { norm: L2 }')}
${layer("l4", "SigmoidCrossEntropyLoss", 'bottom: "a" bottom: "b" top: "l4" loss_param { normalization: FULL }')}
${layer("acc", "Accuracy", 'bottom: "a" bottom: "l" top: "acc" top: "each" accuracy_param { top_k: 2 ignore_label: 1 }')}
${layer("re", "BatchReindex", 'bottom: "a" bottom: "l" top: "re"')}
${layer("filter", "Filter", 'bottom: "a" bottom: "l" top: "kept"')}
${layer("bias", "Bias", 'bottom: "kept" bottom: "kept" top: "biased"')}
`;

const V1 = `name: "v1" input: "data" input_dim: 1 input_dim: 3 input_dim: 16 input_dim: 16 force_backward: true
layers { name: "c" type: CONVOLUTION bottom: "data" top: "c" blobs_lr: 1 blobs_lr: 2 weight_decay: 1 weight_decay: 0
  convolution_param { num_output: 4 kernel_size: 3 } }
layers { name: "p" type: POOLING bottom: "c" top: "p" pooling_param { pool: AVE kernel_size: 2 stride: 2 } }
layers { name: "i" type: INNER_PRODUCT bottom: "p" top: "i" param: "w" blob_share_mode: STRICT inner_product_param { num_output: 2 } }
layers { name: "s" type: SOFTMAX bottom: "i" top: "s" }
`;

const V0 = `input: 'data' input_shape { dim: [1, 3, 16, 16] }
layers { layer { name: "pad" type: "padding" pad: 2 } bottom: "data" top: "pad" }
layers { layer { name: "conv" type: "conv" num_output: 4 kernelsize: 5 stride: 1 weight_filler { type: "gaussian" std: 0.01 } blobs_lr: 1 } bottom: "pad" top: "conv" }
layers { layer { name: "pool" type: "pool" pool: MAX kernelsize: 2 stride: 2 } bottom: "conv" top: "pool" }
layers { layer { name: "ip" type: "innerproduct" num_output: 3 biasterm: false } bottom: "pool" top: "ip" }
`;

const SINGLES = [
  single("Permute", "permute_param { order: 0 order: 2 order: 3 order: 1 }"),
  single("Im2col", "convolution_param { kernel_size: 3 dilation: 2 }"),
  single("SPP", "spp_param { pyramid_height: 2 }"),
  single("MVN", "mvn_param { across_channels: true }"),
  single("PReLU", "prelu_param { channel_shared: true }"),
  single("Power", "power_param { power: 2 scale: 0.5 shift: 1 }"),
  single("Exp", "exp_param { base: 2 }"),
  single("Log", "log_param { base: 10 }"),
  single("Clip", "clip_param { min: -1 max: 1 }"),
  single("Threshold", "threshold_param { threshold: 0.5 }"),
  single("ELU", "elu_param { alpha: 1 }"),
  single("Swish", "swish_param { beta: 1 }"),
  single(
    "Convolution",
    "convolution_param { num_output: 6 kernel_h: 3 kernel_w: 2 pad_h: 1 stride_w: 2 axis: 1 engine: CUDNN }",
  ),
  `layer { type: "Parameter" name: "p" top: "p" parameter_param { shape { dim: 3 } } }
   layer { type: "MemoryData" name: "m" top: "x" top: "y" memory_data_param { batch_size: 2 channels: 1 height: 4 width: 4 } }`,
];

export const NETS: readonly string[] = [CONVNET, FCN, RECURRENT, PAIRS, V1, V0, ...SINGLES, ""];

export const SOLVERS: readonly string[] = [
  `net: "train_val.prototxt" # a comment
test_iter: 100 test_interval: 1000 base_lr: 0.01 lr_policy: "step" gamma: 0.1 stepsize: 10000
display: 20 max_iter: 45000 momentum: 0.9 weight_decay: 0.0005 snapshot: 5000
snapshot_prefix: "models/x" solver_mode: GPU`,
  `train_net: "a" test_net: "b" test_net: "c" test_iter: [10, 20] test_interval: 5 type: 'Adam'
momentum: 0.9 momentum2: 0.999 delta: 1e-8 base_lr: 1e-3 lr_policy: "multistep" gamma: .5
stepvalue: 10 stepvalue: 20 clip_gradients: 35 iter_size: 2 average_loss: 10 random_seed: 1701
train_state { level: 1 stage: "x" } test_state { stage: "a" } test_state { }`,
  `net_param { name: "inline" layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 } } } }
solver_type: RMSPROP rms_decay: 0.98 base_lr: 0.1 lr_policy: "inv" gamma: 1e-4 power: 0.75
snapshot_format: BINARYPROTO snapshot_diff: true debug_info: false regularization_type: "L1"`,
  'net: "n" type: "AdaDelta" base_lr: 1 lr_policy: "poly" power: 0.5 max_iter: 10 weights: "w"',
];
