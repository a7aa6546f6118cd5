/** @file BatchNorm: each channel to mean 0 and variance 1. */
import type { Blob } from "../core/blob.ts";
import { type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { count } from "../core/shape.ts";
import { createMessage, withDefaults } from "../schema/index.ts";
import { channelMean, channelVariance, normalizeGradient } from "./support/channel-statistics.ts";

/**
 * Normalises each channel, by the batch's own statistics or by their moving averages.
 *
 *     y = (x - mean) / sqrt(var + eps)        per channel, over N and all axes after C
 *
 * With the batch's statistics (var biased) each forward pass also updates the learned blobs:
 *
 *     factor = f factor + 1,  mean' = f mean' + mean,  var' = f var' + var m / (m - 1)
 *
 * where f is moving_average_fraction and m the number of values of a channel. With
 * `use_global_stats` (default: in the TEST phase) mean = mean' / factor and var = var' / factor.
 *
 *     dx = (dy - mean(dy) - y mean(dy y)) / sqrt(var + eps)        batch
 *     dx = dy / sqrt(var + eps)                                     global
 *
 * - Bottom: x (N, C, ...). Top: y, of the same shape; may be x.
 * - Blobs: mean' (C), var' (C), factor (1); the solver must not touch them.
 */
export const batchNorm: LayerDefinition = {
  type: "BatchNorm",
  bottoms: exactly(1),
  tops: exactly(1),
  setUp(context) {
    const param = withDefaults("BatchNormParameter", context.param.batchNormParam);
    const { movingAverageFraction: fraction, eps } = param;
    const usesGlobal = param.useGlobalStats ?? context.phase === "TEST";
    const channels = channelsOf(context, context.bottoms[0]!);
    const blobs = [[channels], [channels], [1]].map((shape) => context.createBlob(shape));
    excludeFromLearning(context, blobs.length);
    const [means, variances, factor] = blobs as [Blob, Blob, Blob];
    // y is needed for the gradient, and a layer in place after this one may overwrite the top.
    const normalized = context.createBlob([0]);
    const scales = new Float64Array(channels);

    function forwardGlobal(x: Float32Array, y: Float32Array, inner: number): void {
      const weight = factor.data[0] === 0 ? 0 : 1 / factor.data[0]!;
      for (let c = 0; c < channels; c++) {
        const mean = Math.fround(means.data[c]! * weight);
        const scale = 1 / Math.sqrt(Math.fround(variances.data[c]! * weight) + eps);
        scales[c] = scale;
        for (let at = c * inner; at < x.length; at += channels * inner) {
          for (let i = at; i < at + inner; i++) y[i] = (x[i]! - mean) * scale;
        }
      }
    }

    function forwardBatch(x: Float32Array, y: Float32Array, inner: number): void {
      const m = x.length / channels;
      const unbiased = m > 1 ? m / (m - 1) : 1;
      factor.data[0] = factor.data[0]! * fraction + 1;
      const copy = normalized.data;
      for (let c = 0; c < channels; c++) {
        const mean = channelMean(x, c, channels, inner);
        const variance = channelVariance(x, mean, c, channels, inner);
        means.data[c] = means.data[c]! * fraction + mean;
        variances.data[c] = variances.data[c]! * fraction + variance * unbiased;
        const scale = 1 / Math.sqrt(variance + eps);
        scales[c] = scale;
        for (let at = c * inner; at < x.length; at += channels * inner) {
          for (let i = at; i < at + inner; i++) copy[i] = y[i] = (x[i]! - mean) * scale;
        }
      }
    }

    return {
      blobs,
      reshape([bottom], [top]) {
        const found = channelsOf(context, bottom!);
        if (found !== channels) {
          context.fail(`the bottom now has ${found} channels; it was set up for ${channels}`);
        }
        top!.reshapeLike(bottom!);
        if (!usesGlobal) normalized.reshapeLike(bottom!);
      },
      forward([bottom], [top]) {
        const forward = usesGlobal ? forwardGlobal : forwardBatch;
        forward(bottom!.data, top!.data, count(bottom!.shape, 2));
      },
      backward([top], propagateDown, [bottom]) {
        if (!propagateDown[0]) return;
        const inner = count(bottom!.shape, 2);
        if (usesGlobal) backwardGlobal(top!.diff, bottom!.diff, scales, inner);
        else normalizeGradient(top!.diff, bottom!.diff, normalized.data, scales, inner);
      },
      dispose: () => normalized.dispose(),
    };
  },
};

function channelsOf({ fail }: LayerContext, { shape }: Blob): number {
  return shape[1] ?? fail(`the bottom needs at least two axes (N, C, ...), not ${shape.length}`);
}

/** BVLC BatchNormLayer::LayerSetUp: statistics are stored as parameters but must never learn. */
function excludeFromLearning({ param, fail }: LayerContext, blobs: number): void {
  for (let i = 0; i < blobs; i++) {
    const spec = param.param[i];
    if (!spec) param.param.push(createMessage("ParamSpec", { lrMult: 0 }));
    else if ((spec.lrMult ?? 1) !== 0) {
      fail(
        "Cannot configure batch normalization statistics as layer parameters. " +
          "Give lr_mult: 0 in every param, or no param.",
        "param",
      );
    }
  }
}

function backwardGlobal(
  dy: Float32Array,
  dx: Float32Array,
  scales: Float64Array,
  inner: number,
): void {
  const channels = scales.length;
  for (let c = 0; c < channels; c++) {
    for (let at = c * inner; at < dy.length; at += channels * inner) {
      for (let i = at; i < at + inner; i++) dx[i] = dy[i]! * scales[c]!;
    }
  }
}
