/** @file A layer's settings in a few words. */
import type { LayerParameter } from "../../schema/index.ts";

/** What makes the layer what it is: `["96 outputs, 11 × 11", "stride 4, pad 2"]`; empty for most types. */
export function layerDetails(layer: LayerParameter): string[] {
  const describe = DETAILS[layer.type ?? ""];
  return (describe?.(layer) ?? []).filter((line) => line !== "");
}

type Describe = (layer: LayerParameter) => string[];

const DETAILS: Readonly<Record<string, Describe>> = {
  Convolution: convolution,
  Deconvolution: convolution,
  Pooling: ({ poolingParam = {} }) => {
    const { pool = "MAX", globalPooling, kernelSize, kernelH, kernelW } = poolingParam;
    const size = globalPooling
      ? "over all"
      : kernel([kernelSize ?? kernelH, kernelSize ?? kernelW]);
    const { stride, strideH, strideW, pad, padH, padW } = poolingParam;
    return [
      `${pool.toLowerCase()} ${size}`,
      list(
        sizes("stride", [stride ?? strideH, stride ?? strideW], 1),
        sizes("pad", [pad ?? padH, pad ?? padW], 0),
      ),
    ];
  },
  InnerProduct: ({ innerProductParam }) => [outputs(innerProductParam?.numOutput)],
  Embed: ({ embedParam }) => [outputs(embedParam?.numOutput)],
  LSTM: ({ recurrentParam }) => [outputs(recurrentParam?.numOutput)],
  RNN: ({ recurrentParam }) => [outputs(recurrentParam?.numOutput)],
  LRN: ({ lrnParam }) => {
    const within = lrnParam?.normRegion === "WITHIN_CHANNEL" ? "within" : "across";
    return [`${within} channels, size ${lrnParam?.localSize ?? 5}`];
  },
  Dropout: ({ dropoutParam }) => [`ratio ${short(dropoutParam?.dropoutRatio ?? 0.5)}`],
  Eltwise: ({ eltwiseParam }) => [(eltwiseParam?.operation ?? "SUM").toLowerCase()],
  Concat: ({ concatParam }) => [`axis ${concatParam?.axis ?? concatParam?.concatDim ?? 1}`],
  Slice: ({ sliceParam }) => [`axis ${sliceParam?.axis ?? sliceParam?.sliceDim ?? 1}`],
  Crop: ({ cropParam }) => {
    const offset = cropParam?.offset ?? [];
    return [
      `from axis ${cropParam?.axis ?? 2}`,
      offset.length > 0 ? `offset ${offset.join(", ")}` : "",
    ];
  },
  Python: ({ pythonParam }) => [
    [pythonParam?.module, pythonParam?.layer].filter(Boolean).join("."),
  ],
  Power: ({ powerParam: { power = 1, scale = 1, shift = 0 } = {} }) => [
    list(...named("power", power, 1), ...named("scale", scale, 1), ...named("shift", shift, 0)),
  ],
  Data: ({ dataParam }) => source(dataParam),
  ImageData: ({ imageDataParam }) => source(imageDataParam),
  HDF5Data: ({ hdf5DataParam }) => source(hdf5DataParam),
  WindowData: ({ windowDataParam }) => source(windowDataParam),
};

function convolution({ convolutionParam }: LayerParameter): string[] {
  if (!convolutionParam) return [];
  const { numOutput, kernelSize, kernelH, kernelW, stride, strideH, strideW } = convolutionParam;
  const { pad, padH, padW, dilation, group = 1 } = convolutionParam;
  const or = (list: readonly number[], h?: number, w?: number) => (list.length > 0 ? list : [h, w]);
  return [
    list(outputs(numOutput), kernel(or(kernelSize, kernelH, kernelW))),
    list(
      sizes("stride", or(stride, strideH, strideW), 1),
      sizes("pad", or(pad, padH, padW), 0),
      sizes("dilation", dilation, 1),
      ...named("groups", group, 1),
    ),
  ];
}

type Sizes = readonly (number | undefined)[];

/** `3 × 3`; one size stands for both axes. */
function kernel(given: Sizes): string {
  const known = given.filter((size) => size !== undefined);
  if (known.length === 0) return "";
  return (known.length === 1 ? [known[0], known[0]] : known).join(" × ");
}

/** `stride 2` or `stride 2 × 1`; nothing where it is the default. */
function sizes(name: string, given: Sizes, usual: number): string {
  const known = given.filter((size) => size !== undefined);
  if (known.every((size) => size === usual)) return "";
  return `${name} ${[...new Set(known)].length === 1 ? known[0] : known.join(" × ")}`;
}

function outputs(count: number | undefined): string {
  return count === undefined
    ? ""
    : `${count.toLocaleString("en-US")} output${count === 1 ? "" : "s"}`;
}

function named(name: string, value: number, usual: number): string[] {
  return value === usual ? [] : [`${name} ${short(value)}`];
}

/** Float32 without the digits that it does not have. */
function short(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function list(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(", ");
}

function source(param: { source?: string; batchSize?: number } | undefined): string[] {
  return [
    param?.source ?? "",
    param?.batchSize === undefined ? "" : `batches of ${param.batchSize}`,
  ];
}
