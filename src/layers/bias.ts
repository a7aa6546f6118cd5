/** @file Bias: adds a small blob to a large one. */
import type { Blob } from "../core/blob.ts";
import { fill } from "../core/filler.ts";
import { type Layer, type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { withDefaults } from "../schema/index.ts";
import { type BroadcastParam, broadcastOf, learnedShape } from "./support/broadcast.ts";

/**
 * Adds a learned blob, or its second bottom, from `axis` on.
 *
 *     y[o, d, i] = x[o, d, i] + b[d]
 *     dx = dy,  db[d] = sum over o and i of dy[o, d, i]
 *
 * - Bottoms: x; b, where it is not learned. Top: y, of x's shape; may be x.
 * - Blobs: b, where it is learned: `num_axes` axes of x from `axis` on (-1: all, 0: a scalar).
 */
export const bias: LayerDefinition = {
  type: "Bias",
  bottoms: { min: 1, max: 2 },
  tops: exactly(1),
  setUp(context): Layer {
    const { axis, numAxes, filler } = withDefaults("BiasParameter", context.param.biasParam);
    const param: BroadcastParam = { axis, numAxes, field: "biasParam", what: "bias" };
    const blobs: Blob[] = [];
    if (context.bottoms.length === 1) {
      blobs.push(context.createBlob(learnedShape(context, param)));
      fill(blobs[0]!, filler, context.random);
    }
    const adder = biasAdder(context, param);
    const small = (bottoms: readonly Blob[]) => blobs[0] ?? bottoms[1]!;
    return {
      blobs,
      reshape(bottoms, [top]) {
        adder.reshape(bottoms[0]!, small(bottoms));
        top!.reshapeLike(bottoms[0]!);
      },
      forward(bottoms, [top]) {
        const { engine } = context;
        const [x] = bottoms;
        if (x !== top) engine.copy(x!.count, x!.dataPointer, top!.dataPointer);
        adder.add(small(bottoms), top!);
      },
      backward([top], propagateDown, bottoms) {
        const { engine } = context;
        const [x, b] = bottoms;
        if (b && propagateDown[1]) engine.fill(b.count, 0, b.diffPointer);
        if (b ? propagateDown[1] : this.paramPropagateDown?.[0]) {
          adder.accumulate(top!, small(bottoms));
        }
        if (propagateDown[0] && x !== top) {
          engine.copy(x!.count, top!.diffPointer, x!.diffPointer);
        }
      },
    };
  },
};

/** The adding part of Bias, which Scale uses for its `bias_term`. */
export function biasAdder(context: LayerContext, param: BroadcastParam) {
  const { engine } = context;
  let { outer, dim, inner } = { outer: 0, dim: 0, inner: 0 };
  return {
    reshape(large: Blob, small: Blob) {
      ({ outer, dim, inner } = broadcastOf(context, param, large, small));
    },
    /** y += b */
    add(small: Blob, top: Blob) {
      engine.addBias(outer, dim, inner, small.dataPointer, top.dataPointer);
    },
    /** b.diff += the sums of y.diff */
    accumulate(top: Blob, small: Blob) {
      engine.biasGradient(outer, dim, inner, top.diffPointer, small.diffPointer);
    },
  };
}
