/** @file The window of Pooling: kernel, stride and pad on the two axes of an image, and what it makes of sizes. */
import type { PoolingWindow } from "../../core/engine.ts";
import type { LayerContext } from "../../core/layer.ts";
import { type Shape, shapeString } from "../../core/shape.ts";
import { type PoolingParameter, createMessage, withDefaults } from "../../schema/index.ts";

/** What a `pooling_param` says of the window; with `isGlobal` the kernel is the whole image. */
export interface PoolingSetting {
  readonly isGlobal: boolean;
  readonly roundsUp: boolean;
  readonly kernelH: number;
  readonly kernelW: number;
  readonly strideH: number;
  readonly strideW: number;
  readonly padH: number;
  readonly padW: number;
}

/** What reading a window needs of a layer. */
type Context = Pick<LayerContext, "param" | "fail">;

type PairedField = "kernelSize" | "stride" | "pad";

const PAIRS = {
  kernelSize: ["kernelH", "kernelW"],
  stride: ["strideH", "strideW"],
  pad: ["padH", "padW"],
} as const;

/** Reads and checks the window (BVLC PoolingLayer::LayerSetUp). */
export function poolingSetting(context: Context): PoolingSetting {
  // As it was written: a pad_h that is absent is not a pad_h of 0.
  const given = context.param.poolingParam ?? createMessage("PoolingParameter");
  const { globalPooling, roundMode } = withDefaults("PoolingParameter", given);
  const [strideH, strideW] = pairOf(context, given, "stride", 1);
  const [padH, padW] = pairOf(context, given, "pad", 0);
  const roundsUp = given.ceilMode ?? roundMode === "CEIL";
  const setting = { isGlobal: globalPooling, roundsUp };
  if (globalPooling) {
    checkGlobal(context, given, strideH === 1 && strideW === 1 && padH === 0 && padW === 0);
    return { ...setting, kernelH: 0, kernelW: 0, strideH, strideW, padH, padW };
  }
  const [kernelH, kernelW] = kernelOf(context, given);
  checkPositive(context, "Filter dimensions cannot be zero.", "kernelSize", kernelH, kernelW);
  checkPositive(context, "Stride dimensions cannot be zero.", "stride", strideH, strideW);
  if (padH >= kernelH || padW >= kernelW) {
    const [axis, pad, kernel] = padH >= kernelH ? ["h", padH, kernelH] : ["w", padW, kernelW];
    context.fail(
      `pad_${axis} (${pad}) must be less than kernel_${axis} (${kernel}); each window has to touch the image`,
      fieldOf(given, "pad"),
    );
  }
  return { ...setting, kernelH, kernelW, strideH, strideW, padH, padW };
}

function checkGlobal({ fail }: Context, given: PoolingParameter, isPlain: boolean): void {
  if (
    given.kernelSize !== undefined ||
    given.kernelH !== undefined ||
    given.kernelW !== undefined
  ) {
    fail("With Global_pooling: true Filter size cannot specified", fieldOf(given, "kernelSize"));
  }
  if (!isPlain) {
    fail("With Global_pooling: true; only pad = 0 and stride = 1", "poolingParam.globalPooling");
  }
}

function kernelOf({ fail }: Context, given: PoolingParameter): readonly [number, number] {
  const { kernelSize, kernelH, kernelW } = given;
  const hasBoth = kernelH !== undefined && kernelW !== undefined;
  if ((kernelSize !== undefined) === hasBoth) {
    fail(
      "Filter size is kernel_size OR kernel_h and kernel_w; not both",
      fieldOf(given, "kernelSize"),
    );
  }
  return kernelSize === undefined ? [kernelH!, kernelW!] : [kernelSize, kernelSize];
}

/** Stride or pad, which may be given for both axes or for each. */
function pairOf(
  { fail }: Context,
  given: PoolingParameter,
  field: "stride" | "pad",
  fallback: number,
): readonly [number, number] {
  const [h, w] = [given[PAIRS[field][0]], given[PAIRS[field][1]]];
  if (h === undefined && w === undefined) {
    const both = given[field] ?? fallback;
    return [both, both];
  }
  if (h === undefined || w === undefined || given[field] !== undefined) {
    const subject = field === "stride" ? "Stride" : field; // Caffe writes one of them large.
    return fail(
      `${subject} is ${field} OR ${field}_h and ${field}_w are required.`,
      fieldOf(given, field),
    );
  }
  return [h, w];
}

function checkPositive(
  { fail, param }: Context,
  sentence: string,
  field: PairedField,
  h: number,
  w: number,
): void {
  if (h > 0 && w > 0) return;
  fail(`${sentence} They are ${h} x ${w}`, fieldOf(param.poolingParam!, field));
}

/** The first of the fields for this size that the prototxt gives. */
function fieldOf(given: PoolingParameter, field: PairedField): string {
  const found = [field, ...PAIRS[field]].find((name) => given[name] !== undefined);
  return found ? `poolingParam.${found}` : "poolingParam";
}

/** The windows over a bottom of shape (N, C, H, W) (BVLC PoolingLayer::Reshape). */
export function poolingWindow(
  { fail }: Pick<LayerContext, "fail">,
  setting: PoolingSetting,
  shape: Shape,
): PoolingWindow {
  if (shape.length !== 4) {
    fail(
      "Input must have 4 axes, corresponding to (num, channels, height, width); the bottom's " +
        `shape is ${shapeString(shape)}`,
      "bottom",
    );
  }
  const [num, channels, height, width] = shape as [number, number, number, number];
  const { isGlobal, roundsUp, strideH, strideW, padH, padW } = setting;
  const kernelH = isGlobal ? height : setting.kernelH;
  const kernelW = isGlobal ? width : setting.kernelW;
  const isClipped = padH > 0 || padW > 0;
  const pooled = (size: number, kernel: number, stride: number, pad: number): number => {
    const steps = (size + 2 * pad - kernel) / stride;
    const result = (roundsUp ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // The last window has to start inside the image or the padding before it.
    return isClipped && (result - 1) * stride >= size + pad ? result - 1 : result;
  };
  const pooledHeight = pooled(height, kernelH, strideH, padH);
  const pooledWidth = pooled(width, kernelW, strideW, padW);
  if (pooledHeight < 0 || pooledWidth < 0) {
    fail(
      `a window of ${kernelH} x ${kernelW} does not fit an input of ${height} x ${width}: the ` +
        `output would be ${pooledHeight} x ${pooledWidth}`,
      "poolingParam",
    );
  }
  return {
    planes: num * channels,
    height,
    width,
    pooledHeight,
    pooledWidth,
    kernelH,
    kernelW,
    strideH,
    strideW,
    padH,
    padW,
  };
}
