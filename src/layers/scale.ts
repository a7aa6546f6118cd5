/** @file Scale: multiplies a large blob by a small one. */
import type { Blob } from "../core/blob.ts";
import { fill } from "../core/filler.ts";
import { type Layer, type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { withDefaults } from "../schema/index.ts";
import { biasAdder } from "./bias.ts";
import {
  type Broadcast,
  type BroadcastParam,
  broadcastOf,
  learnedShape,
} from "./support/broadcast.ts";
import { logInnerLayer } from "./support/inner-layer.ts";

/**
 * Multiplies by a learned blob, or by its second bottom, from `axis` on; may add a learned bias.
 *
 *     y[o, d, i] = x[o, d, i] s[d] + b[d]
 *     dx = dy s,  ds[d] = sum of dy x,  db[d] = sum of dy        over o and i
 *
 * - Bottoms: x; s, where it is not learned. Top: y, of x's shape; may be x.
 * - Blobs: s, where it is learned: `num_axes` axes of x from `axis` on (-1: all, 0: a scalar);
 *   then b with `bias_term`, of the shape of s.
 */
export const scale: LayerDefinition = {
  type: "Scale",
  bottoms: { min: 1, max: 2 },
  tops: exactly(1),
  setUp(context): Layer {
    const { axis, numAxes, biasTerm } = withDefaults("ScaleParameter", context.param.scaleParam);
    const { engine, bottoms } = context;
    const param: BroadcastParam = { axis, numAxes, field: "scaleParam", what: "scale" };
    const learned = bottoms.length === 1;
    const blobs = createBlobs(context, param, biasTerm);
    const bias = biasTerm ? blobs.at(-1)! : undefined;
    if (bias) logInnerLayer(context);
    const adder = biasAdder(context, { ...param, what: "bias" });
    const scaleOf = (bottoms: readonly Blob[]) => (learned ? blobs[0]! : bottoms[1]!);
    // The gradient of s needs x, which a top in its place overwrites.
    const kept = context.createBlob([0]);
    let layout: Broadcast = { outer: 0, dim: 0, inner: 0 };
    return {
      blobs,
      reshape(bottoms, [top]) {
        const [x] = bottoms;
        layout = broadcastOf(context, param, x!, scaleOf(bottoms));
        if (bias) adder.reshape(x!, bias);
        if (x === top) kept.reshapeLike(x!);
        else top!.reshapeLike(x!);
      },
      forward(bottoms, [top]) {
        const [x] = bottoms;
        if (x === top) engine.copy(x!.count, x!.dataPointer, kept.dataPointer);
        multiply(x!.data, scaleOf(bottoms).data, top!.data, layout);
        if (bias) adder.add(bias, top!);
      },
      backward([top], propagateDown, bottoms) {
        const [x] = bottoms;
        const s = scaleOf(bottoms);
        const wantsParam = this.paramPropagateDown;
        if (bias && wantsParam?.[blobs.length - 1]) adder.accumulate(top!, bias);
        if (!learned && propagateDown[1]) engine.fill(s.count, 0, s.diffPointer);
        if (learned ? wantsParam?.[0] : propagateDown[1]) {
          accumulateProducts(top!.diff, (x === top ? kept : x!).data, s.diff, layout);
        }
        if (propagateDown[0]) multiply(top!.diff, s.data, x!.diff, layout);
      },
      dispose: () => kept.dispose(),
    };
  },
};

/** The learned blobs, filled in order: the scale (default 1), then the bias (default 0). */
function createBlobs(context: LayerContext, param: BroadcastParam, biasTerm: boolean): Blob[] {
  const { bottoms, random, createBlob } = context;
  const { filler, biasFiller } = context.param.scaleParam ?? {};
  const blobs: Blob[] = [];
  if (bottoms.length === 1) {
    blobs.push(createBlob(learnedShape(context, param)));
    fill(blobs[0]!, filler ?? { type: "constant", value: 1 }, random);
  }
  if (biasTerm) {
    const shape = (blobs[0] ?? bottoms[1]!).shape;
    const bias = createBlob(shape);
    fill(bias, biasFiller, random);
    blobs.push(bias);
  }
  return blobs;
}

/** y[o, d, i] = x[o, d, i] s[d] */
function multiply(
  x: Float32Array,
  s: Float32Array,
  y: Float32Array,
  { outer, dim, inner }: Broadcast,
): void {
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (let d = 0; d < dim; d++) {
      const factor = s[d]!;
      for (const end = at + inner; at < end; at++) y[at] = x[at]! * factor;
    }
  }
}

/** sums[d] += sum over o and i of x[o, d, i] y[o, d, i] */
function accumulateProducts(
  x: Float32Array,
  y: Float32Array,
  sums: Float32Array,
  { outer, dim, inner }: Broadcast,
): void {
  for (let d = 0; d < dim; d++) {
    let sum = 0;
    for (let o = 0; o < outer; o++) {
      const at = (o * dim + d) * inner;
      for (let i = at; i < at + inner; i++) sum += x[i]! * y[i]!;
    }
    sums[d]! += sum;
  }
}
