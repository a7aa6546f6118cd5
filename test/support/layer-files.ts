/** @file The names of the files in which layers and their tests lie. */

/** Layer types whose file is not called after the type in kebab-case. */
const stems: Readonly<Record<string, string>> = {
  AbsVal: "absval",
  ArgMax: "argmax",
  BNLL: "bnll",
  ELU: "elu",
  HDF5Data: "hdf5-data",
  HDF5Output: "hdf5-output",
  Im2col: "im2col",
  L1Loss: "l1-loss",
  LRN: "lrn",
  LSTMUnit: "lstm-unit",
  MVN: "mvn",
  PReLU: "prelu",
  PSROIPooling: "psroi-pooling",
  ReLU: "relu",
  ReLU6: "relu6",
  ROIPooling: "roi-pooling",
  SPP: "spp",
  SmoothL1Loss: "smooth-l1-loss",
  TanH: "tanh",
};

/** The name of a layer's file without its end, such as `"lstm-unit"`. */
export const stemOf = (type: string): string =>
  stems[type] ?? type.replace(/(?<=[a-z])[A-Z]/g, "-$&").toLowerCase();
