/** @file InfogainLoss: the cross-entropy in which some confusions cost more than others. */
import type { Blob } from "../core/blob.ts";
import type { LayerContext, LayerDefinition } from "../core/layer.ts";
import { shapeString } from "../core/shape.ts";
import { sourceError } from "../data/source-error.ts";
import { blobFromProto, readBinaryProto } from "../model-file/index.ts";
import { withDefaults } from "../schema/index.ts";
import { axisOf } from "./support/axis.ts";
import { logInnerLayer } from "./support/inner-layer.ts";
import {
  badLabel,
  checkLabelCount,
  lossLayer,
  normalizationOf,
  normalizer,
  refuseLabelGradient,
  reshapeLoss,
} from "./support/loss.ts";
import { type AxisView, Softmax, viewAround } from "./support/softmax.ts";

/** What a probability counts at least (BVLC `kLOG_THRESHOLD`). */
const SMALLEST = 1e-20;

/**
 * The softmax of scores x along `axis`, weighed against the labels by a matrix H.
 *
 *     p = softmax(x),   loss = -sum over places and k of H[label, k] log p[k] / normalizer
 *     dx[k] = (p[k] * sum over j of H[label, j] - H[label, k]) loss_weight / normalizer
 *
 * Places whose label is `ignore_label` add nothing. The normalizer is by default the number of the
 * others (VALID), at least 1.
 *
 * - Bottoms: scores x (N, C, ...); labels, one for each place around the axis; H (C x C values),
 *   unless `source` names a BlobProto file that holds it.
 * - Tops: the loss, a scalar; p, of x's shape, where a second top is given.
 */
export const infogainLoss: LayerDefinition = {
  type: "InfogainLoss",
  ...lossLayer,
  bottoms: { min: 2, max: 3 },
  tops: { min: 1, max: 2 },
  async setUp(context) {
    logInnerLayer(context);
    const { lossParam, infogainLossParam } = context.param;
    if (lossParam?.normalize !== undefined) {
      context.fail('normalize is deprecated. use "normalization"', "lossParam.normalize");
    }
    const { axis } = withDefaults("InfogainLossParameter", infogainLossParam);
    const mode = normalizationOf(lossParam, "VALID");
    const ignored = lossParam?.ignoreLabel;
    const matrix = context.bottoms.length < 3 ? await readMatrix(context) : undefined;
    const matrixOf = (bottoms: readonly Blob[]) => matrix ?? bottoms[2]!.data;
    const core = new Softmax(context.engine);
    const probabilities = context.createBlob([0]);
    let view: AxisView = { outer: 0, channels: 0, inner: 0 };
    let divisor = 1;
    return {
      blobs: [],
      reshape(bottoms, tops) {
        const [scores] = bottoms as [Blob];
        reshapeLoss(context, bottoms, tops);
        const classAxis = axisOf(context, scores.shape, axis, "infogainLossParam.axis");
        checkLabelCount(context, bottoms, classAxis);
        view = viewAround(scores.shape, classAxis);
        checkMatrix(context, matrix?.length ?? bottoms[2]!.count, view.channels);
        core.reshape(view);
        probabilities.reshapeLike(scores);
        tops[1]?.reshapeLike(scores);
        tops[1]?.shareData(probabilities);
      },
      forward(bottoms, [top]) {
        const [scores, labels] = bottoms;
        const H = matrixOf(bottoms);
        const { outer, channels, inner } = view;
        core.forward(scores!, probabilities);
        const p = probabilities.data;
        let sum = 0;
        let valid = 0;
        for (let o = 0, at = 0; o < outer; o++) {
          for (let i = 0; i < inner; i++, at++) {
            const label = Math.trunc(labels!.data[at]!);
            if (label === ignored) continue;
            if (!(label >= 0 && label < channels)) badLabel(context, labels!.data[at]!, channels);
            const first = o * channels * inner + i;
            for (let k = 0; k < channels; k++) {
              sum -= H[label * channels + k]! * Math.log(Math.max(p[first + k * inner]!, SMALLEST));
            }
            valid++;
          }
        }
        divisor = normalizer(mode, outer, inner, valid);
        top!.data[0] = sum / divisor;
      },
      backward([top], propagateDown, bottoms) {
        refuseLabelGradient(context, propagateDown);
        refuseLabelGradient(context, propagateDown, 2, "infogain");
        if (!propagateDown[0]) return;
        const scale = Math.fround(top!.diff[0]! / divisor);
        const H = matrixOf(bottoms);
        writeGradient(
          probabilities.data,
          H,
          bottoms[1]!.data,
          bottoms[0]!.diff,
          view,
          scale,
          ignored,
        );
      },
      dispose: () => probabilities.dispose(),
    };
  },
};

/** H from the BlobProto file that `source` names. */
async function readMatrix(context: LayerContext): Promise<Float32Array> {
  const source = context.param.infogainLossParam?.source;
  if (!source) {
    return context.fail("Infogain matrix source must be specified, or a third bottom given.");
  }
  const path = context.resolvePath(source);
  try {
    return blobFromProto(await readBinaryProto(path), path).data;
  } catch (error) {
    throw sourceError(context, "infogainLossParam.source", error);
  }
}

function checkMatrix({ fail }: LayerContext, count: number, classes: number): void {
  if (count === classes * classes) return;
  fail(
    `the infogain matrix has ${count} values; ${classes} classes need ` +
      `${shapeString([classes, classes])}`,
    "infogainLossParam",
  );
}

function writeGradient(
  p: Float32Array,
  H: Float32Array,
  labels: Float32Array,
  dx: Float32Array,
  { outer, channels, inner }: AxisView,
  scale: number,
  ignored: number | undefined,
): void {
  for (let o = 0, at = 0; o < outer; o++) {
    const start = o * channels * inner;
    for (let i = start; i < start + inner; i++, at++) {
      const label = Math.trunc(labels[at]!);
      const row = label * channels;
      let sum = 0;
      if (label !== ignored) {
        for (let k = 0; k < channels; k++) sum = Math.fround(sum + H[row + k]!);
      }
      for (let k = 0; k < channels; k++) {
        const j = i + k * inner;
        // Rounded once, as by the fused multiply-add of Caffe's build.
        dx[j] = label === ignored ? 0 : Math.fround(p[j]! * sum - H[row + k]!) * scale;
      }
    }
  }
}
