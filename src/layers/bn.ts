/** @file BN: batch normalisation with a learned scale and shift, as PSPNet and SegNet have it. */
import type { Blob } from "../core/blob.ts";
import { fill } from "../core/filler.ts";
import { type Layer, type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { count } from "../core/shape.ts";
import { copyMessage, createMessage, type ParamSpec, withDefaults } from "../schema/index.ts";
import { channelMean, channelVariance, normalizeGradient } from "./support/channel-statistics.ts";

/** SegNet's constant that is added to the variance. */
const SEGNET_EPS = 1e-9;

/**
 * Normalises each channel, scales and shifts it. The two forks that have this name are told apart by
 * their fields.
 *
 *     z = (x - mean) / sqrt(var + eps),  y = s[c] z + b[c]        per channel, over N and all axes after C
 *     db = sum of dy,  ds = sum of dy z,  dx as BatchNorm's, from s dy
 *
 * PSPNet's (yjxiong): mean and var (biased) are the batch's in the TRAIN phase, and update their
 * averages: m' = momentum m' + (1 - momentum) m. In the TEST phase, and with `frozen`, the averages
 * are used; `frozen` also keeps s and b from learning.
 *
 * SegNet's (alexgkendall), if `scale_filler`, `shift_filler` or `bn_mode` is given: the batch's in
 * both phases, eps is 1e-9; with `bn_mode: INFERENCE` z = x, for s and b that have the statistics in
 * them. Its second and third top, the statistics, are not supported.
 *
 * - Bottom: x (N, C, ...). Top: y, of the same shape; may be x.
 * - Blobs: s, b (1, C, 1, 1); PSPNet's also the averages of mean and variance, of the same shape.
 */
export const bn: LayerDefinition = {
  type: "BN",
  bottoms: exactly(1),
  tops: exactly(1),
  setUp(context): Layer {
    const setting = readSetting(context);
    const channels = channelsOf(context, context.bottoms[0]!);
    const blobs = createBlobs(context, setting, channels);
    const [slopes, biases, means, variances] = blobs as [Blob, Blob, Blob, Blob];
    const { eps, momentum, statistics } = setting;
    const { engine } = context;
    /** z, where the gradient needs it and cannot compute it from x again. */
    const kept = context.createBlob([0]);
    const centers = new Float64Array(channels);
    const inverse = new Float64Array(channels).fill(1);
    let inner = 0;

    function measure(x: Float32Array): void {
      for (let c = 0; c < channels; c++) {
        const mean = channelMean(x, c, channels, inner);
        const variance = channelVariance(x, mean, c, channels, inner);
        centers[c] = mean;
        inverse[c] = 1 / Math.sqrt(variance + eps);
        if (!setting.averages) continue;
        means.data[c] = momentum * means.data[c]! + (1 - momentum) * mean;
        variances.data[c] = momentum * variances.data[c]! + (1 - momentum) * variance;
      }
    }

    function recall(): void {
      for (let c = 0; c < channels; c++) {
        centers[c] = means.data[c]!;
        inverse[c] = 1 / Math.sqrt(variances.data[c]! + eps);
      }
    }

    return {
      blobs,
      reshape([bottom], [top]) {
        const found = channelsOf(context, bottom!);
        if (found !== channels) {
          context.fail(`the bottom now has ${found} channels; it was set up for ${channels}`);
        }
        inner = count(bottom!.shape, 2);
        if (bottom !== top) top!.reshapeLike(bottom!);
        if (statistics === "batch" || bottom === top) kept.reshapeLike(bottom!);
      },
      forward([bottom], [top]) {
        const [x, y] = [bottom!.data, top!.data];
        if (statistics === "batch") measure(x);
        else if (statistics === "averages") recall();
        const keeps = statistics === "batch" || (bottom === top && setting.learns);
        const z = keeps ? kept.data : y;
        standardize(x, z, centers, inverse, inner);
        scaleAndShift(z, y, slopes.data, biases.data, inner);
      },
      backward([top], propagateDown, [bottom]) {
        const dy = top!.diff;
        const wants = this.paramPropagateDown;
        if (setting.learns && (wants?.[0] || wants?.[1])) {
          const isKept = statistics === "batch" || bottom === top;
          if (!isKept) {
            kept.reshapeLike(bottom!);
            standardize(bottom!.data, kept.data, centers, inverse, inner);
          }
          if (wants[0]) sumOverChannels(dy, kept.data, slopes.diff, inner);
          if (wants[1])
            engine.biasGradient(
              bottom!.shape[0]!,
              channels,
              inner,
              top!.diffPointer,
              biases.diffPointer,
            );
        }
        if (!propagateDown[0]) return;
        const dx = bottom!.diff;
        scaleAndShift(dy, dx, slopes.data, undefined, inner);
        if (statistics === "batch") normalizeGradient(dx, dx, kept.data, inverse, inner);
        else if (statistics === "averages") standardize(dx, dx, undefined, inverse, inner);
      },
      dispose: () => kept.dispose(),
    };
  },
};

/** y = (x - center) scale, a channel at a time; y may be x. */
function standardize(
  x: Float32Array,
  y: Float32Array,
  centers: Float64Array | undefined,
  scales: Float64Array,
  inner: number,
): void {
  for (let at = 0, c = 0; at < x.length; c = (c + 1) % scales.length) {
    const [center, scale] = [centers ? centers[c]! : 0, scales[c]!];
    for (const end = at + inner; at < end; at++) y[at] = (x[at]! - center) * scale;
  }
}

/** y = s x + b, a channel at a time; y may be x. */
function scaleAndShift(
  x: Float32Array,
  y: Float32Array,
  slopes: Float32Array,
  biases: Float32Array | undefined,
  inner: number,
): void {
  for (let at = 0, c = 0; at < x.length; c = (c + 1) % slopes.length) {
    const [slope, bias] = [slopes[c]!, biases ? biases[c]! : 0];
    for (const end = at + inner; at < end; at++) y[at] = slope * x[at]! + bias;
  }
}

/** sums[c] += sum of x y over the channel. */
function sumOverChannels(
  x: Float32Array,
  y: Float32Array,
  sums: Float32Array,
  inner: number,
): void {
  for (let c = 0; c < sums.length; c++) {
    let sum = 0;
    for (let start = c * inner; start < x.length; start += sums.length * inner) {
      for (let i = start; i < start + inner; i++) sum += x[i]! * y[i]!;
    }
    sums[c]! += sum;
  }
}

interface Setting {
  /** Where mean and variance come from; "none": z = x. */
  readonly statistics: "batch" | "averages" | "none";
  /** Whether there are averages, and the batch's statistics go into them. */
  readonly averages: boolean;
  readonly isSegNet: boolean;
  /** Whether scale and shift learn. */
  readonly learns: boolean;
  readonly eps: number;
  readonly momentum: number;
}

function readSetting({ param: { bnParam }, phase }: LayerContext): Setting {
  const param = withDefaults("BNParameter", bnParam);
  const { frozen, eps, momentum } = param;
  const { scaleFiller, shiftFiller, bnMode } = bnParam ?? {};
  const isSegNet = Boolean(scaleFiller ?? shiftFiller ?? bnMode);
  if (isSegNet) {
    const statistics = param.bnMode === "INFERENCE" ? "none" : "batch";
    return { statistics, averages: false, isSegNet, learns: true, eps: SEGNET_EPS, momentum };
  }
  const usesAverages = frozen || phase === "TEST";
  return {
    statistics: usesAverages ? "averages" : "batch",
    averages: !usesAverages,
    isSegNet,
    learns: !frozen,
    eps,
    momentum,
  };
}

function createBlobs(context: LayerContext, setting: Setting, channels: number): Blob[] {
  const { param, createBlob, random } = context;
  const { scaleFiller, shiftFiller, slopeFiller, biasFiller, frozen } = param.bnParam ?? {};
  const shape = [1, channels, 1, 1];
  const [slopes, biases] = [createBlob(shape), createBlob(shape)];
  fill(slopes, setting.isSegNet ? scaleFiller : slopeFiller, random);
  fill(biases, setting.isSegNet ? shiftFiller : biasFiller, random);
  if (setting.isSegNet) return [slopes, biases];
  const [means, variances] = [createBlob(shape), createBlob(shape)];
  variances.data.fill(frozen ? 1 : 0);
  keepFromLearning(param.param, frozen ? [0, 1, 2, 3] : [2, 3]);
  return [slopes, biases, means, variances];
}

/** Whatever the prototxt says, the solver must not touch these blobs (yjxiong BNLayer::LayerSetUp). */
function keepFromLearning(specs: ParamSpec[], blobs: readonly number[]): void {
  while (specs.length < 4) specs.push(createMessage("ParamSpec"));
  for (const i of blobs) specs[i] = copyMessage(specs[i]!, { lrMult: 0, decayMult: 0 });
}

function channelsOf({ fail }: LayerContext, { shape }: Blob): number {
  return shape[1] ?? fail(`the bottom needs at least two axes (N, C, ...), not ${shape.length}`);
}
