/** @file ArgMax: the places of the largest values. */
import type { Blob } from "../core/blob.ts";
import { type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { count } from "../core/shape.ts";
import { withDefaults } from "../schema/index.ts";
import { axisOf } from "./support/axis.ts";
import { noGradient } from "./support/no-gradient.ts";
import { viewAround } from "./support/softmax.ts";

/**
 * The indices of the `top_k` largest values, largest first; among equals the higher index first.
 *
 * - Bottom: x (N, ...).
 * - Top, without `axis`: (N, 1, K, 1 ...) over all values of an item, at least three axes; with
 *   `out_max_val` (N, 2, K, 1 ...), the indices and then the values.
 * - Top, with `axis`: x's shape with K along the axis; with `out_max_val` the values instead.
 */
export const argMax: LayerDefinition = {
  type: "ArgMax",
  bottoms: exactly(1),
  tops: exactly(1),
  setUp(context) {
    const { axis, topK, outMaxVal } = withDefaults("ArgMaxParameter", context.param.argmaxParam);
    if (topK < 1) {
      context.fail(`top k must not be less than 1. It is ${topK}.`, "argmaxParam.topK");
    }
    const best = { indices: new Int32Array(topK), values: new Float64Array(topK) };
    let view = { outer: 0, channels: 0, inner: 1 };
    return {
      blobs: [],
      reshape([bottom], [top]) {
        const { shape } = bottom!;
        if (axis === undefined) {
          view = { outer: shape[0]!, channels: count(shape, 1), inner: 1 };
          const after = new Array<number>(Math.max(0, shape.length - 3)).fill(1);
          top!.reshape(shape[0]!, outMaxVal ? 2 : 1, topK, ...after);
        } else {
          const along = axisOf(context, shape, axis, "argmaxParam.axis");
          view = viewAround(shape, along);
          top!.reshape(...shape.with(along, topK));
        }
        checkTopK(context, topK, view.channels, axis !== undefined);
      },
      forward([bottom], [top]) {
        const { outer, channels, inner } = view;
        const both = axis === undefined && outMaxVal;
        for (let o = 0; o < outer; o++) {
          for (let i = 0; i < inner; i++) {
            findBest(bottom!.data, o * channels * inner + i, channels, inner, best);
            const { indices, values } = best;
            const at = o * (both ? 2 : 1) * topK * inner + i;
            for (let k = 0; k < topK; k++) {
              top!.data[at + k * inner] = outMaxVal && !both ? values[k]! : indices[k]!;
              if (both) top!.data[at + topK + k] = values[k]!;
            }
          }
        }
      },
      backward: noGradient(context),
    };
  },
};

function checkTopK({ fail }: LayerContext, topK: number, size: number, hasAxis: boolean): void {
  if (topK <= size) return;
  const what = hasAxis ? "axis" : "flattened bottom blob per instance";
  fail(
    `top_k must be less than or equal to the dimension of the ${what}. It is ${topK} of ${size}.`,
    "argmaxParam.topK",
  );
}

/** Keeps the largest values in order by insertion. */
function findBest(
  x: Blob["data"],
  first: number,
  n: number,
  stride: number,
  { indices, values }: { indices: Int32Array; values: Float64Array },
): void {
  const topK = indices.length;
  for (let index = 0; index < n; index++) {
    const value = x[first + index * stride]!;
    let k = Math.min(index, topK);
    // Later indices come first among equals (BVLC sorts pairs of value and index).
    while (k > 0 && !(value < values[k - 1]!)) k--;
    if (k === topK) continue;
    for (let j = Math.min(index, topK - 1); j > k; j--) {
      values[j] = values[j - 1]!;
      indices[j] = indices[j - 1]!;
    }
    values[k] = value;
    indices[k] = index;
  }
}
