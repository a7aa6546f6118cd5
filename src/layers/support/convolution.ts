/** @file What Convolution and Deconvolution share: parameters, blobs, and the plan for a shape. */
import type { Blob } from "../../core/blob.ts";
import type { ConvolutionPlan, ConvolutionShape } from "../../core/engine.ts";
import { fill } from "../../core/filler.ts";
import { type Layer, type LayerContext, type LayerDefinition, atLeast } from "../../core/layer.ts";
import { type Shape, count, sameShape, shapeString } from "../../core/shape.ts";
import { withDefaults } from "../../schema/index.ts";
import { axisOf } from "./axis.ts";
import {
  type Window,
  convolutionWindow,
  convolvedSize,
  deconvolvedSize,
} from "./convolution-window.ts";

/** What does not change with the bottoms' shape. */
export interface ConvolutionSetting extends Window {
  readonly isTransposed: boolean;
  /** The axis of the channels; those before it are batch, those after it spatial. */
  readonly axis: number;
  readonly channels: number;
  readonly numOutput: number;
  readonly groups: number;
}

/**
 * Makes the definition of a convolution, or of its transpose, in which bottom and top change sides.
 * All bottoms have one shape, and share the blobs: weight, and bias where `bias_term`.
 * @param isDepthwise without `group` each channel is a group
 */
export function convolutionDefinition(
  type: string,
  isTransposed: boolean,
  isDepthwise = false,
): LayerDefinition {
  return {
    type,
    bottoms: atLeast(1),
    tops: atLeast(1),
    equalBottomsAndTops: true,
    setUp: (context) =>
      convolutionLayer(
        context,
        convolutionSetting(context, context.bottoms[0]!.shape, isTransposed, isDepthwise),
      ),
  };
}

/**
 * Reads the parameters for bottoms of a shape.
 * @param isDepthwise without `group` each channel is a group
 */
export function convolutionSetting(
  context: Pick<LayerContext, "param" | "fail">,
  shape: Shape,
  isTransposed: boolean,
  isDepthwise: boolean,
): ConvolutionSetting {
  const param = withDefaults("ConvolutionParameter", context.param.convolutionParam);
  const axis = axisOf(context, shape, param.axis, "convolutionParam.axis");
  const window = convolutionWindow(context, shape.length - axis - 1);
  const [channels, numOutput] = [shape[axis]!, param.numOutput ?? 0];
  const isUngrouped = context.param.convolutionParam?.group === undefined;
  const groups = isDepthwise && isUngrouped ? channels : param.group;
  const fail = (problem: string, field: "numOutput" | "group"): never =>
    context.fail(problem, `convolutionParam${param[field] === undefined ? "" : `.${field}`}`);
  if (numOutput < 1) fail("num_output must be at least 1", "numOutput");
  if (groups < 1) fail("group must be at least 1", "group");
  if (channels % groups !== 0) {
    fail(
      `the number of input channels (${channels}) must be a multiple of group (${groups})`,
      "group",
    );
  }
  if (numOutput % groups !== 0) {
    fail(
      `Number of output should be multiples of group. It is ${numOutput}, and group is ${groups}`,
      "group",
    );
  }
  return { ...window, isTransposed, axis, channels, numOutput, groups };
}

function convolutionLayer(context: LayerContext, setting: ConvolutionSetting): Layer {
  const { engine, random } = context;
  const { isTransposed, numOutput } = setting;
  const param = withDefaults("ConvolutionParameter", context.param.convolutionParam);
  const weight = context.createBlob(weightShape(setting));
  fill(weight, param.weightFiller, random);
  const bias = param.biasTerm ? context.createBlob([numOutput]) : undefined;
  if (bias) fill(bias, param.biasFiller, random);
  let shape: Shape = [];
  let plan: ConvolutionPlan | undefined;
  let images = 0;
  let inner = 0;
  return {
    blobs: bias ? [weight, bias] : [weight],
    ownsGradients: true,
    reshape(bottoms, tops) {
      checkShapes(context, setting, bottoms);
      const top = topShape(context, setting, bottoms[0]!.shape);
      for (const blob of tops) blob.reshape(...top);
      if (plan && sameShape(shape, bottoms[0]!.shape)) return;
      plan?.dispose();
      shape = bottoms[0]!.shape;
      images = count(top, 0, setting.axis);
      inner = count(top, setting.axis + 1);
      plan = engine.planConvolution(convolutionShape(setting, shape, top));
    },
    forward(bottoms, tops) {
      const biases = bias ? bias.dataPointer : 0;
      for (let i = 0; i < bottoms.length; i++) {
        const x = bottoms[i]!.dataPointer;
        const y = tops[i]!.dataPointer;
        if (isTransposed) plan!.scatter(x, weight.dataPointer, biases, y);
        else plan!.correlate(x, weight.dataPointer, biases, y);
      }
    },
    backward(tops, propagateDown, bottoms) {
      for (let i = 0; i < tops.length; i++) {
        const bottom = bottoms[i]!;
        const top = tops[i]!;
        if (bias && this.paramPropagateDown?.[1]) {
          engine.biasGradient(images, numOutput, inner, top.diffPointer, bias.diffPointer);
        }
        if (this.paramPropagateDown?.[0]) {
          const adds = !weight.takeClearedDiff();
          const dw = weight.diffPointer;
          if (isTransposed) plan!.weightGradient(top.diffPointer, bottom.dataPointer, dw, adds);
          else plan!.weightGradient(bottom.dataPointer, top.diffPointer, dw, adds);
        }
        if (!propagateDown[i]) continue;
        if (isTransposed) {
          plan!.correlate(top.diffPointer, weight.dataPointer, 0, bottom.diffPointer);
        } else plan!.scatter(top.diffPointer, weight.dataPointer, 0, bottom.diffPointer);
      }
    },
    dispose: () => plan?.dispose(),
  };
}

function weightShape({
  isTransposed,
  channels,
  numOutput,
  groups,
  kernel,
}: ConvolutionSetting): Shape {
  const [outer, inner] = isTransposed ? [channels, numOutput] : [numOutput, channels];
  return [outer, inner / groups, ...kernel];
}

function checkShapes(
  { fail }: LayerContext,
  { axis, channels, kernel }: ConvolutionSetting,
  bottoms: readonly Blob[],
): void {
  const { shape } = bottoms[0]!;
  if (shape.length !== axis + 1 + kernel.length) {
    fail(
      `bottom num_axes may not change: it was ${axis + 1 + kernel.length} and is ${shape.length}`,
      "bottom",
    );
  }
  if (shape[axis] !== channels) {
    fail(
      "Input size incompatible with convolution kernel. The bottom has " +
        `${shape[axis]} channels now; the layer was set up for ${channels}`,
      "bottom",
    );
  }
  bottoms.forEach((bottom, i) => {
    if (sameShape(bottom.shape, shape)) return;
    fail(
      `shape mismatch - bottom[0]: ${shapeString(shape)} vs. bottom[${i}]: ` +
        shapeString(bottom.shape),
      "bottom",
    );
  });
}

function topShape({ fail }: LayerContext, setting: ConvolutionSetting, bottom: Shape): number[] {
  const { axis, isTransposed, kernel, pad, numOutput } = setting;
  const spatial = kernel.map((_, i) => {
    const size = bottom[axis + 1 + i]!;
    const result = (isTransposed ? deconvolvedSize : convolvedSize)(size, setting, i);
    if (result >= 0) return result;
    return fail(
      `along axis ${axis + 1 + i} the output would have size ${result}: the input has size ${size}, ` +
        `the kernel ${kernel[i]} and the padding ${pad[i]}`,
      "convolutionParam",
    );
  });
  return [...bottom.slice(0, axis), numOutput, ...spatial];
}

/** The sizes of a convolution over bottoms and tops of these shapes. */
export function convolutionShape(
  setting: ConvolutionSetting,
  bottom: Shape,
  top: Shape,
): ConvolutionShape {
  const { isTransposed, axis, channels, numOutput, groups, kernel, stride, pad, dilation } =
    setting;
  const [imageSide, outSide] = isTransposed ? [top, bottom] : [bottom, top];
  return {
    images: count(bottom, 0, axis),
    groups,
    imageChannels: isTransposed ? numOutput : channels,
    outChannels: isTransposed ? channels : numOutput,
    image: imageSide.slice(axis + 1),
    out: outSide.slice(axis + 1),
    kernel,
    stride,
    pad,
    dilation,
  };
}
