/** @file What the table of compatibility cannot find out by itself: exceptions with their reasons, formats, Caffe's tools. */

import type { MessageName } from "../../src/schema/index.ts";

/**
 * A field that is accepted and does nothing, or that is refused. Found by "Type.param.field", "Type.field",
 * "Message.field" or "*.field"; "Type.param" stands for a whole parameter.
 */
export interface Note {
  readonly state: "ignored" | "refused";
  readonly reason: string;
}

const ignored = (reason: string): Note => ({ state: "ignored", reason });

const refused = (reason: string): Note => ({ state: "refused", reason });

const movedToTransform = ignored(
  "in files of today it stands in transform_param; in old ones, the upgrade moves it there",
);
const oneEngine = ignored(
  "there is one engine, and its results are those of CAFFE, but that large 3 x 3 and 5 x 5 convolutions (Winograd's way) spread a NaN or an infinity up to three pixels further",
);
const notInIm2col = ignored("Im2col only rearranges values; Caffe does not read it there either");

export const notes: Readonly<Record<string, Note>> = {
  "*.engine": oneEngine,
  "*.force_nd_im2col": ignored("one algorithm serves any number of axes"),
  "Im2col.num_output": notInIm2col,
  "Im2col.bias_term": notInIm2col,
  "Im2col.group": notInIm2col,
  "Im2col.weight_filler": notInIm2col,
  "Im2col.bias_filler": notInIm2col,
  "LSTM.debug_info": ignored("it only logs the unrolled net, which is not built here"),
  "RNN.debug_info": ignored("it only logs the unrolled net, which is not built here"),
  "Data.data_param.scale": movedToTransform,
  "Data.data_param.mean_file": movedToTransform,
  "Data.data_param.crop_size": movedToTransform,
  "Data.data_param.mirror": movedToTransform,
  "Data.data_param.force_encoded_color": ignored(
    "Caffe does not read it; transform_param has force_color",
  ),
  "Data.data_param.rand_skip": ignored("Caffe's Data does not read it either"),
  "Data.data_param.prefetch": ignored("what is read ahead does not depend on it"),
  "ImageData.image_data_param.scale": movedToTransform,
  "ImageData.image_data_param.mean_file": movedToTransform,
  "ImageData.image_data_param.crop_size": movedToTransform,
  "ImageData.image_data_param.mirror": movedToTransform,
  "WindowData.window_data_param.scale": movedToTransform,
  "WindowData.window_data_param.mean_file": movedToTransform,
  "WindowData.window_data_param.crop_size": movedToTransform,
  "WindowData.window_data_param.mirror": movedToTransform,
  "DetectionOutput.visualize": ignored("nothing is drawn here; a warning says so"),
  "DetectionOutput.save_output_param": ignored("the top holds the detections; a warning says so"),
  "DetectionOutput.visualize_threshold": ignored("nothing is drawn here"),
  "DetectionOutput.save_file": ignored("nothing is drawn here"),
  "SmoothL1Loss.ignore_label": ignored("it has no labels"),
  "HDF5Data.transform_param": refused("Caffe's HDF5Data cannot transform"),
  "SolverParameter.layer_wise_reduce": ignored("it is of training on several GPUs"),
  "Python.share_in_parallel": ignored("there is one layer anyhow"),
};

/** The types of BVLC's Caffe (`caffe.layer_type_list()`). */
export const bvlcTypes: readonly string[] =
  `AbsVal Accuracy ArgMax BNLL BatchNorm BatchReindex Bias Clip Concat ContrastiveLoss Convolution Crop Data
  Deconvolution Dropout DummyData ELU Eltwise Embed EuclideanLoss Exp Filter Flatten HDF5Data HDF5Output
  HingeLoss Im2col ImageData InfogainLoss InnerProduct Input LRN LSTM LSTMUnit Log MVN MemoryData
  MultinomialLogisticLoss PReLU Parameter Pooling Power Python RNN ReLU Reduction Reshape SPP Scale Sigmoid
  SigmoidCrossEntropyLoss Silence Slice Softmax SoftmaxWithLoss Split Swish TanH Threshold Tile WindowData`.split(
    /\s+/,
  );

/** Parameters that a type reads besides the one of its own name. */
export const sharedParams: Readonly<Record<string, readonly string[]>> = {
  Data: ["transformParam", "augmentationParam"],
  Deconvolution: ["convolutionParam"],
  Im2col: ["convolutionParam"],
  ConvolutionDepthwise: ["convolutionParam"],
  DepthwiseConvolution: ["convolutionParam"],
  ImageData: ["transformParam", "augmentationParam"],
  InfogainLoss: ["lossParam"],
  LSTM: ["recurrentParam"],
  MemoryData: ["transformParam"],
  Normalize: ["normParam", "normalizeBboxParam"],
  RNN: ["recurrentParam"],
  SigmoidCrossEntropyLoss: ["lossParam"],
  SmoothL1Loss: ["lossParam"],
  SoftmaxWithLoss: ["softmaxParam", "lossParam"],
  WindowData: ["transformParam"],
};

/** Values that are refused though their field counts, and a layer around one for the test. */
export const refusedValues: readonly {
  readonly value: string;
  readonly reason: string;
  readonly type: string;
  readonly params: string;
  readonly says: RegExp;
}[] = [
  {
    value: "Pooling.pool STOCHASTIC",
    reason: "Caffe has it on GPUs only",
    type: "Pooling",
    params: "pooling_param { kernel_size: 2 pool: STOCHASTIC }",
    says: /layer "probed" \(Pooling\): .*STOCHASTIC/,
  },
  {
    value: "InfogainLoss.normalize",
    reason: "deprecated, and refused by Caffe's InfogainLoss; normalization stands for it",
    type: "InfogainLoss",
    params: "loss_param { normalize: true }",
    says: /layer "probed" \(InfogainLoss\): .*normalize/,
  },
];

/** Messages that are not of one layer, and the code that reads them. */
export const sharedMessages: readonly {
  readonly message: MessageName;
  readonly title: string;
  readonly readBy: readonly string[];
}[] = [
  { message: "NetParameter", title: "nets", readBy: ["net", "schema/upgrade"] },
  { message: "LayerParameter", title: "every layer", readBy: ["net"] },
  { message: "ParamSpec", title: "`param`", readBy: ["net", "layers"] },
  { message: "NetState", title: "`state`", readBy: ["net", "solver"] },
  { message: "NetStateRule", title: "`include`, `exclude`", readBy: ["net"] },
  { message: "FillerParameter", title: "fillers", readBy: ["core/filler.ts"] },
  { message: "TransformationParameter", title: "`transform_param`", readBy: ["data"] },
  {
    message: "SolverParameter",
    title: "solvers",
    readBy: ["solver", "cli/train.ts", "cli/device-flags.ts"],
  },
];

/** A kind of file, and the functions of src that read and write it. */
export interface Format {
  readonly format: string;
  readonly read?: Reader;
  readonly write?: Reader;
}

/** A module of src and what it exports, shown as the note says. */
type Reader = readonly [module: string, name: string, note?: string];

export const formats: readonly Format[] = [
  {
    format: "prototxt, V0, V1 and V2",
    read: ["schema/index.ts", "parsePrototxt"],
    write: ["schema/index.ts", "printPrototxt", "as V2"],
  },
  {
    format: "`.caffemodel`, V0, V1 and V2; `.caffemodel.h5`",
    read: ["model-file/index.ts", "readCaffemodel"],
    write: ["model-file/index.ts", "writeCaffemodel", "as V2"],
  },
  {
    format: "`.solverstate`, `.solverstate.h5`",
    read: ["model-file/index.ts", "readSolverState"],
    write: ["model-file/index.ts", "writeSolverState"],
  },
  {
    format: "`.binaryproto`: means, matrices of InfogainLoss",
    read: ["model-file/index.ts", "readBinaryProto"],
    write: ["model-file/index.ts", "writeBinaryProto"],
  },
  { format: "`.npy`", read: ["model-file/index.ts", "readNpy"] },
  {
    format: "LMDB, data format 1",
    read: ["data/index.ts", "openLmdb"],
    write: ["data/index.ts", "createLmdb"],
  },
  {
    format: "LevelDB",
    read: ["data/index.ts", "readRecords"],
    write: ["data/index.ts", "createRecords"],
  },
  {
    format: "HDF5 data",
    read: ["model-file/index.ts", "readHdf5"],
    write: ["model-file/index.ts", "writeHdf5Sync"],
  },
  {
    format: "Datum: raw, floats, encoded images",
    read: ["data/index.ts", "decodeDatum"],
    write: ["data/index.ts", "encodeDatum"],
  },
  {
    format: "JPEG, PNG, TIFF, WebP",
    read: ["data/index.ts", "decodeImage"],
    write: ["data/index.ts", "encodePng", "PNG"],
  },
];

/** What stands for each program of Caffe's `tools`, `examples` and `python` folders: a command, or why there is none. */
export const tools: Readonly<Record<string, Tool>> = {
  "caffe train": { command: "train" },
  "caffe test": { command: "test" },
  "caffe time": { command: "time" },
  "caffe device_query": { command: "device_query" },
  upgrade_net_proto_text: { command: "upgrade-net" },
  upgrade_net_proto_binary: { command: "upgrade-net" },
  upgrade_solver_proto_text: { command: "upgrade-solver" },
  convert_imageset: { command: "convert-imageset" },
  compute_image_mean: { command: "compute-image-mean" },
  extract_features: { command: "extract-features" },
  convert_mnist_data: { command: "convert-mnist-data" },
  convert_cifar_data: { command: "convert-cifar-data" },
  "draw_net.py": { command: "draw-net" },
  "parse_log.py": { reason: "runs on the logs written here as it is" },
  "classify.py": { command: "infer" },
  "detect.py": {
    reason: "none: it runs a net on windows that Selective Search proposes in MATLAB",
  },
  "train_net, finetune_net, test_net, net_speed_benchmark": {
    reason: "they only say to use `caffe train`, `test` and `time`",
  },
};

export interface Tool {
  readonly command?: string;
  readonly reason?: string;
}
