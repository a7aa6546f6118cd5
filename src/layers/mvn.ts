/** @file MVN: each plane, or each item, to mean 0 and variance 1. */
import { type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { type Shape, count } from "../core/shape.ts";
import { withDefaults } from "../schema/index.ts";

/**
 * Normalises by the mean and the variance of each channel of each item, or of each item with
 * `across_channels`; the mean alone without `normalize_variance`.
 *
 *     y = (x - mean) / (sqrt(var) + eps)        var biased
 *     dx = (dy - mean(dy) - y mean(dy y)) / (sqrt(var) + eps)        eps taken as near to 0 (BVLC)
 *
 * - Bottom: x (N, C, H, W) or fewer axes. Top: y, of the same shape.
 */
export const mvn: LayerDefinition = {
  type: "MVN",
  bottoms: exactly(1),
  tops: exactly(1),
  setUp(context) {
    const param = withDefaults("MVNParameter", context.param.mvnParam);
    const { normalizeVariance, eps } = param;
    let deviations = new Float64Array(0);
    let width = 0;
    return {
      blobs: [],
      reshape([bottom], [top]) {
        checkAxes(context, bottom!.shape);
        const rows = count(bottom!.shape.slice(0, param.acrossChannels ? 1 : 2));
        width = bottom!.count / rows;
        deviations = new Float64Array(rows).fill(1);
        top!.reshapeLike(bottom!);
      },
      forward([bottom], [top]) {
        const x = bottom!.data;
        const y = top!.data;
        for (let row = 0; row < deviations.length; row++) {
          const at = row * width;
          const mean = meanOf(x, at, width);
          if (normalizeVariance) deviations[row] = deviation(x, mean, at, width) + eps;
          for (let i = at; i < at + width; i++) y[i] = (x[i]! - mean) / deviations[row]!;
        }
      },
      backward([top], propagateDown, [bottom]) {
        if (!propagateDown[0]) return;
        const y = top!.data;
        const dy = top!.diff;
        const dx = bottom!.diff;
        for (let row = 0; row < deviations.length; row++) {
          const at = row * width;
          const mean = meanOf(dy, at, width);
          let product = 0;
          if (normalizeVariance) {
            for (let i = at; i < at + width; i++) product += dy[i]! * y[i]!;
            product /= width;
          }
          for (let i = at; i < at + width; i++) {
            dx[i] = (dy[i]! - mean - y[i]! * product) / deviations[row]!;
          }
        }
      },
    };
  },
};

function checkAxes({ fail }: LayerContext, { length }: Shape): void {
  if (length <= 4) return;
  fail(`Cannot use legacy accessors on Blobs with > 4 axes. The bottom has ${length}.`, "bottom");
}

function meanOf(x: Float32Array, at: number, n: number): number {
  let sum = 0;
  for (let i = at; i < at + n; i++) sum += x[i]!;
  return sum / n;
}

function deviation(x: Float32Array, mean: number, at: number, n: number): number {
  let sum = 0;
  for (let i = at; i < at + n; i++) sum += (x[i]! - mean) ** 2;
  return Math.sqrt(sum / n);
}
