/** @file LRN: each value divided by a power of how strong its neighbours are. */
import type { Normalisation } from "../core/engine.ts";
import { type Layer, type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { type Shape, shapeString } from "../core/shape.ts";
import { type Resolved, withDefaults } from "../schema/index.ts";

/**
 * Normalises each value by the values around it.
 *
 *     ACROSS_CHANNELS:  s = k + alpha / size * (sum of x^2 over `size` channels around)
 *     WITHIN_CHANNEL:   s = 1 + alpha / size^2 * (sum of x^2 over size x size values around)
 *     y = x s^-beta
 *
 * What lies outside the blob counts as 0. Within a channel `k` has no effect, as in BVLC lrn_layer.cpp.
 *
 * - Bottom: x (N, C, H, W). Top: y, of the same shape.
 */
export const lrn: LayerDefinition = {
  type: "LRN",
  bottoms: exactly(1),
  tops: exactly(1),
  setUp(context) {
    const param = withDefaults("LRNParameter", context.param.lrnParam);
    if (param.localSize % 2 !== 1) {
      context.fail(
        `LRN only supports odd values for local_size, not ${param.localSize}`,
        "lrnParam.localSize",
      );
    }
    return param.normRegion === "ACROSS_CHANNELS"
      ? acrossChannels(context, param)
      : withinChannel(context, param);
  },
};

function acrossChannels(context: LayerContext, param: Resolved<"LRNParameter">): Layer {
  const { engine } = context;
  const scale = context.createBlob([0]);
  let shape: Normalisation;
  return {
    blobs: [],
    reshape([bottom], [top]) {
      shape = normalisation(context, param, bottom!.shape, param.localSize, param.k);
      top!.reshapeLike(bottom!);
      scale.reshapeLike(bottom!);
    },
    forward([bottom], [top]) {
      engine.lrnAcross(shape, bottom!.dataPointer, scale.dataPointer, top!.dataPointer);
    },
    backward([top], propagateDown, [bottom]) {
      if (!propagateDown[0]) return;
      const x = bottom!.dataPointer;
      const y = top!.dataPointer;
      const dx = bottom!.diffPointer;
      engine.lrnAcrossGradient(shape, x, scale.dataPointer, y, top!.diffPointer, dx);
    },
    dispose: () => scale.dispose(),
  };
}

function withinChannel(context: LayerContext, param: Resolved<"LRNParameter">): Layer {
  const { engine } = context;
  // Its diff is scratch memory for the backward pass.
  const scale = context.createBlob([0]);
  let shape: Normalisation;
  return {
    blobs: [],
    reshape([bottom], [top]) {
      shape = normalisation(context, param, bottom!.shape, param.localSize ** 2, 1);
      top!.reshapeLike(bottom!);
      scale.reshapeLike(bottom!);
    },
    forward([bottom], [top]) {
      engine.lrnWithin(shape, bottom!.dataPointer, scale.dataPointer, top!.dataPointer);
    },
    backward([top], propagateDown, [bottom]) {
      if (!propagateDown[0]) return;
      const x = bottom!.dataPointer;
      const dx = bottom!.diffPointer;
      const work = scale.diffPointer;
      engine.lrnWithinGradient(shape, x, scale.dataPointer, top!.diffPointer, dx, work);
    },
    dispose: () => scale.dispose(),
  };
}

/** @param windowSize values in a window, which alpha is divided by */
function normalisation(
  { fail }: LayerContext,
  { localSize, alpha, beta }: Resolved<"LRNParameter">,
  shape: Shape,
  windowSize: number,
  k: number,
): Normalisation {
  if (shape.length !== 4) {
    fail(
      "Input must have 4 axes, corresponding to (num, channels, height, width); the bottom's " +
        `shape is ${shapeString(shape)}`,
      "bottom",
    );
  }
  const [images, channels, height, width] = shape as [number, number, number, number];
  return { images, channels, height, width, size: localSize, alpha: alpha / windowSize, beta, k };
}
