/** @file How the pixels that come out of a layer lie over those that go in. */
import { type LayerParameter, createMessage, withDefaults } from "../schema/index.ts";

/**
 * Along one axis: position in the output = scale * position in the input + shift, in pixels, where
 * an output pixel lies at the centre of the window that it sees.
 */
export interface CoordinateMap {
  readonly scale: number;
  readonly shift: number;
}

/** Along height and width. */
export type PlaneMap = readonly [height: CoordinateMap, width: CoordinateMap];

export const identityMap: CoordinateMap = { scale: 1, shift: 0 };

/** First through `inner`, then through `outer`. */
export function compose(outer: CoordinateMap, inner: CoordinateMap): CoordinateMap {
  return { scale: outer.scale * inner.scale, shift: outer.scale * inner.shift + outer.shift };
}

/** Extent of a window along one axis, in pixels. */
export interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
  readonly dilation: number;
}

/** A window that slides over its input: Convolution and Pooling. */
function slidingMap({ kernel, stride, pad, dilation }: Window): CoordinateMap {
  return { scale: 1 / stride, shift: (pad - (dilation * (kernel - 1)) / 2) / stride };
}

/** A window that each input pixel lays down: Deconvolution. */
function layingMap({ kernel, stride, pad, dilation }: Window): CoordinateMap {
  return { scale: stride, shift: (dilation * (kernel - 1)) / 2 - pad };
}

/** Types whose output pixels lie where their input pixels lie. */
const pixelwise = new Set(
  (
    "AbsVal ArgMax BatchNorm Bias BNLL Clip Concat Crop Dropout ELU Eltwise Exp Log LRN MVN Power " +
    "PReLU ReLU Scale Sigmoid Slice Softmax Split Swish TanH Threshold"
  ).split(" "),
);

/** The map of a layer, or undefined where pixels have no such order (InnerProduct, Reshape, global pooling). */
export function planeMapOf(layer: LayerParameter): PlaneMap | undefined {
  const windows = windowsOf(layer);
  if (windows) {
    const map = layer.type === "Deconvolution" ? layingMap : slidingMap;
    return [map(windows[0]), map(windows[1])];
  }
  return pixelwise.has(layer.type ?? "") ? [identityMap, identityMap] : undefined;
}

/** The windows of a convolution, deconvolution or pooling along height and width. */
export function windowsOf(layer: LayerParameter): readonly [Window, Window] | undefined {
  if (layer.type === "Pooling") return poolingWindows(layer);
  if (layer.type === "Convolution" || layer.type === "Deconvolution") {
    return convolutionWindows(layer);
  }
  return undefined;
}

function convolutionWindows(layer: LayerParameter): [Window, Window] | undefined {
  // Not withDefaults: pad_h has a default, and only where it is given it replaces pad.
  const param = createMessage("ConvolutionParameter", layer.convolutionParam);
  const { kernelSize, stride, pad, dilation } = param;
  const along = (axis: 0 | 1): Window | undefined => {
    const pick = (values: readonly number[], single: number | undefined) =>
      single ?? (values.length > 1 ? values[axis] : values[0]);
    const kernel = pick(kernelSize, axis === 0 ? param.kernelH : param.kernelW);
    if (kernel === undefined) return undefined;
    return {
      kernel,
      stride: pick(stride, axis === 0 ? param.strideH : param.strideW) || 1,
      pad: pick(pad, axis === 0 ? param.padH : param.padW) ?? 0,
      dilation: pick(dilation, undefined) ?? 1,
    };
  };
  const height = along(0);
  const width = along(1);
  return height && width && [height, width];
}

function poolingWindows(layer: LayerParameter): [Window, Window] | undefined {
  const param = withDefaults("PoolingParameter", layer.poolingParam);
  if (param.globalPooling) return undefined;
  const kernelH = param.kernelH ?? param.kernelSize;
  const kernelW = param.kernelW ?? param.kernelSize;
  if (kernelH === undefined || kernelW === undefined) return undefined;
  // A height or width that is given wins over the common value (0 stands for "not given").
  const window = (kernel: number, stride?: number, pad?: number): Window => ({
    kernel,
    stride: stride || param.stride,
    pad: pad || param.pad,
    dilation: 1,
  });
  return [window(kernelH, param.strideH, param.padH), window(kernelW, param.strideW, param.padW)];
}
