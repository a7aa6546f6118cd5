/** @file The names of the files in which layers and their tests lie. */

/** Caffe's layer types whose file is not called after the type in kebab-case. */
const stems: Readonly<Record<string, string>> = {
  AbsVal: "absval",
  ArgMax: "argmax",
  BNLL: "bnll",
  ELU: "elu",
  HDF5Data: "hdf5-data",
  Im2col: "im2col",
  LRN: "lrn",
  LSTMUnit: "lstm-unit",
  MVN: "mvn",
  PReLU: "prelu",
  ReLU: "relu",
  SPP: "spp",
  TanH: "tanh",
};

/** The name of a layer's file without its end, such as `"lstm-unit"`. */
export const stemOf = (type: string): string =>
  stems[type] ?? type.replace(/(?<=[a-z])[A-Z]/g, "-$&").toLowerCase();
