/** @file The kernel, stride, pad and dilation of convolutions, one number a spatial axis. */
import type { LayerContext } from "../../core/layer.ts";
import { type ConvolutionParameter, createMessage } from "../../schema/index.ts";

/** One number for each spatial axis. */
export interface Window {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly pad: readonly number[];
  readonly dilation: readonly number[];
}

type Pair =
  | readonly ["kernelH", "kernelW"]
  | readonly ["strideH", "strideW"]
  | readonly ["padH", "padW"];

/** A size that a prototxt gives once, once an axis, or as `_h` and `_w`. */
interface Size {
  readonly field: "kernelSize" | "stride" | "pad" | "dilation";
  /** The name in prototxt, and its start in `kernel_h/w`. */
  readonly name: string;
  readonly stem: string;
  readonly pair?: Pair;
  readonly fallback?: number;
}

const KERNEL: Size = {
  field: "kernelSize",
  name: "kernel_size",
  stem: "kernel",
  pair: ["kernelH", "kernelW"],
};
const STRIDE: Size = {
  field: "stride",
  name: "stride",
  stem: "stride",
  pair: ["strideH", "strideW"],
  fallback: 1,
};
const PAD: Size = { field: "pad", name: "pad", stem: "pad", pair: ["padH", "padW"], fallback: 0 };
const DILATION: Size = { field: "dilation", name: "dilation", stem: "dilation", fallback: 1 };

/** Reads the window of a `convolution_param` for so many spatial axes (BVLC BaseConvolutionLayer::LayerSetUp). */
export function convolutionWindow(
  context: Pick<LayerContext, "param" | "fail">,
  spatialAxes: number,
): Window {
  // As it was written: a pad_h that is absent is not a pad_h of 0.
  const param = context.param.convolutionParam ?? createMessage("ConvolutionParameter");
  const kernel = sizes(context, param, KERNEL, spatialAxes);
  if (kernel.some((size) => size <= 0)) {
    context.fail(
      `Filter dimensions must be nonzero. They are ${kernel.join(" x ")}`,
      fieldOf(param, KERNEL),
    );
  }
  const stride = sizes(context, param, STRIDE, spatialAxes);
  if (stride.some((size) => size <= 0)) {
    context.fail(
      `Stride dimensions must be nonzero. They are ${stride.join(" x ")}`,
      fieldOf(param, STRIDE),
    );
  }
  const pad = sizes(context, param, PAD, spatialAxes);
  const dilation = sizes(context, param, DILATION, spatialAxes);
  if (dilation.some((size) => size <= 0)) {
    context.fail(
      `dilation must be at least 1, not ${dilation.join(" x ")}`,
      fieldOf(param, DILATION),
    );
  }
  return { kernel, stride, pad, dilation };
}

function sizes(
  context: Pick<LayerContext, "param" | "fail">,
  param: ConvolutionParameter,
  size: Size,
  spatialAxes: number,
): number[] {
  const { field, name, stem, pair, fallback } = size;
  const given = param[field];
  if (pair && (param[pair[0]] !== undefined || param[pair[1]] !== undefined)) {
    const at = `convolutionParam.${param[pair[0]] === undefined ? pair[1] : pair[0]}`;
    if (spatialAxes !== 2) {
      context.fail(
        `${stem}_h & ${stem}_w can only be used for 2D convolution. This one has ${spatialAxes} spatial axes.`,
        at,
      );
    }
    if (given.length > 0) {
      context.fail(`Either ${name} or ${stem}_h/w should be specified; not both.`, at);
    }
    // The one that is missing is 0, as a proto2 number without default is.
    return [param[pair[0]] ?? 0, param[pair[1]] ?? 0];
  }
  const fitsAll = given.length === 1 || (given.length === 0 && fallback !== undefined);
  if (!fitsAll && given.length !== spatialAxes) {
    if (given.length === 0) {
      context.fail("Filter dimensions must be nonzero. Give kernel_size", "convolutionParam");
    }
    context.fail(
      `${name} must be specified once, or once per spatial dimension (${name} specified ` +
        `${given.length} times; ${spatialAxes} spatial dims).`,
      `convolutionParam.${field}`,
    );
  }
  return Array.from(
    { length: spatialAxes },
    (_, axis) => (given.length > 1 ? given[axis] : given[0]) ?? fallback ?? 0,
  );
}

function fieldOf(param: ConvolutionParameter, { field, pair }: Size): string {
  if (param[field].length > 0) return `convolutionParam.${field}`;
  const given = pair?.find((name) => param[name] !== undefined);
  return given ? `convolutionParam.${given}` : "convolutionParam";
}

/** trunc((size + 2 pad - reach) / stride) + 1, rounded towards zero as C++ divides. */
export function convolvedSize(size: number, window: Window, axis: number): number {
  const reach = window.dilation[axis]! * (window.kernel[axis]! - 1) + 1;
  return Math.trunc((size + 2 * window.pad[axis]! - reach) / window.stride[axis]!) + 1;
}

/** The size that `convolvedSize` takes to this one: stride (size - 1) + reach - 2 pad. */
export function deconvolvedSize(size: number, window: Window, axis: number): number {
  const reach = window.dilation[axis]! * (window.kernel[axis]! - 1) + 1;
  return window.stride[axis]! * (size - 1) + reach - 2 * window.pad[axis]!;
}
