/** @file Kinds of layers, and the colours that tell them apart. */

export interface Kind {
  readonly name: string;
  /** For the head of a card and the rows of layers in place. */
  readonly color: string;
  readonly types: readonly string[];
}

/** In the order of the legend. */
const KINDS: readonly Kind[] = [
  {
    name: "data",
    color: "#5b6b7f",
    types: [
      ...["Data", "Input", "ImageData", "HDF5Data", "MemoryData", "WindowData", "DummyData"],
      ...["AnnotatedData", "Parameter"],
    ],
  },
  {
    name: "convolution",
    color: "#2f6fb7",
    types: ["Convolution", "DepthwiseConvolution", "ConvolutionDepthwise", "Im2col"],
  },
  {
    name: "upsampling",
    color: "#1391a0",
    types: ["Deconvolution", "Upsample", "Interp"],
  },
  { name: "pooling", color: "#c8553d", types: ["Pooling", "SPP", "ROIPooling"] },
  {
    name: "activation",
    color: "#3d9a50",
    types: [
      ...["ReLU", "PReLU", "ELU", "Sigmoid", "TanH", "Swish", "AbsVal", "BNLL", "Power", "Exp"],
      ...["Log", "Clip", "Threshold", "ReLU6"],
    ],
  },
  {
    name: "normalization",
    color: "#b9801c",
    types: ["LRN", "BatchNorm", "MVN", "Scale", "Bias", "Normalize"],
  },
  {
    name: "fully connected, recurrent",
    color: "#7b4fa3",
    types: ["InnerProduct", "Embed", "LSTM", "LSTMUnit", "RNN"],
  },
  { name: "dropout", color: "#8a8f98", types: ["Dropout"] },
  {
    name: "joining, reshaping",
    color: "#8b6f4e",
    types: [
      ...["Concat", "Slice", "Split", "Eltwise", "Flatten", "Reshape", "Crop", "Tile", "Permute"],
      ...["Reduction", "Filter", "BatchReindex", "Axpy", "ShuffleChannel", "Silence"],
    ],
  },
  {
    name: "loss, score",
    color: "#b0335f",
    types: ["Softmax", "Accuracy", "ArgMax", "DetectionOutput", "PriorBox", "HDF5Output"],
  },
];

const CUSTOM: Kind = { name: "custom", color: "#2b2f36", types: [] };

export const kinds: readonly Kind[] = [...KINDS, CUSTOM];

/** The kind of a type; every loss is one of "loss, score", and what nobody knows is custom. */
export function kindOf(type: string | undefined): Kind {
  const known = KINDS.find(({ types }) => types.includes(type ?? ""));
  if (known) return known;
  return /Loss$/.test(type ?? "") ? KINDS.at(-1)! : CUSTOM;
}
