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
    return normaliser(context, param);
  },
};

function normaliser(context: LayerContext, param: Resolved<"LRNParameter">): Layer {
  const { engine } = context;
  const isAcross = param.normRegion === "ACROSS_CHANNELS";
  // Within a channel its diff is scratch memory for the backward pass.
  const scale = context.createBlob([0]);
  let shape: Normalisation;
  return {
    blobs: [],
    reshape([bottom], [top]) {
      shape = normalisation(context, param, bottom!.shape);
      top!.reshapeLike(bottom!);
      scale.reshapeLike(bottom!);
    },
    forward([bottom], [top]) {
      const [x, s, y] = [bottom!.dataPointer, scale.dataPointer, top!.dataPointer];
      if (isAcross) engine.lrnAcross(shape, x, s, y);
      else engine.lrnWithin(shape, x, s, y);
    },
    backward([top], propagateDown, [bottom]) {
      if (!propagateDown[0]) return;
      const [x, s, dx] = [bottom!.dataPointer, scale.dataPointer, bottom!.diffPointer];
      const dy = top!.diffPointer;
      if (isAcross) engine.lrnAcrossGradient(shape, x, s, top!.dataPointer, dy, dx);
      else engine.lrnWithinGradient(shape, x, s, dy, dx, scale.diffPointer);
    },
    dispose: () => scale.dispose(),
  };
}

function normalisation(
  { fail }: LayerContext,
  { localSize, alpha, beta, k, normRegion }: Resolved<"LRNParameter">,
  shape: Shape,
): Normalisation {
  if (shape.length !== 4) {
    fail(
      "Input must have 4 axes, corresponding to (num, channels, height, width); the bottom's " +
        `shape is ${shapeString(shape)}`,
      "bottom",
    );
  }
  const [images, channels, height, width] = shape as [number, number, number, number];
  const size = { images, channels, height, width, size: localSize };
  return normRegion === "ACROSS_CHANNELS"
    ? { ...size, alpha: alpha / localSize, beta, k }
    : { ...size, alpha: alpha / localSize ** 2, beta, k: 1 };
}
