/** @file SoftmaxWithLoss: the cross-entropy of scores and class labels. */
import type { Blob } from "../core/blob.ts";
import type { LayerDefinition } from "../core/layer.ts";
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

/** The smallest normal float32 (C's FLT_MIN): what a probability counts at least. */
const FLT_MIN = 2 ** -126;
/** So many probabilities can be multiplied before one logarithm: 2^(-126 * 8) is still a normal number. */
const FACTORS = 8;

/**
 * The softmax of scores x along `softmax_param.axis`, and its multinomial logistic loss.
 *
 *     p = softmax(x),   loss = -sum over o and i of log p[o, label[o, i], i] / normalizer
 *     dx[o, c, i] = (p[o, c, i] - [c == label[o, i]]) loss_weight / normalizer
 *
 * Places whose label is `ignore_label` add nothing. The normalizer is by default the number of the
 * others (VALID), at least 1.
 *
 * - Bottoms: scores x (N, C, ...); labels, one for each place around the axis of the classes.
 * - Tops: the loss, a scalar; p, of x's shape, where a second top is given.
 */
export const softmaxWithLoss: LayerDefinition = {
  type: "SoftmaxWithLoss",
  ...lossLayer,
  tops: { min: 1, max: 2 },
  setUp(context) {
    logInnerLayer(context);
    const { lossParam, softmaxParam } = context.param;
    const { axis } = withDefaults("SoftmaxParameter", softmaxParam);
    const mode = normalizationOf(lossParam, "VALID");
    const ignored = lossParam?.ignoreLabel;
    const core = new Softmax(context.engine);
    const probabilities = context.createBlob([0]);
    let view: AxisView = { outer: 0, channels: 0, inner: 0 };
    let divisor = 1;

    /** The summed loss; counts the labels that are not ignored into `divisor`. */
    function sumOfLosses(p: Float32Array, labels: Float32Array): number {
      const { outer, channels, inner } = view;
      let sum = 0;
      let product = 1;
      let valid = 0;
      for (let o = 0, at = 0; o < outer; o++) {
        for (let i = 0; i < inner; i++, at++) {
          const label = Math.trunc(labels[at]!);
          if (label === ignored) continue;
          if (!(label >= 0 && label < channels)) badLabel(context, labels[at]!, channels);
          product *= Math.max(p[(o * channels + label) * inner + i]!, FLT_MIN);
          if (++valid % FACTORS !== 0) continue;
          sum -= Math.log(product);
          product = 1;
        }
      }
      divisor = normalizer(mode, outer, inner, valid);
      return sum - Math.log(product);
    }

    return {
      blobs: [],
      reshape(bottoms, tops) {
        const [scores] = bottoms as [Blob];
        reshapeLoss(context, bottoms, tops);
        const classAxis = axisOf(context, scores.shape, axis, "softmaxParam.axis");
        checkLabelCount(context, bottoms, classAxis);
        view = viewAround(scores.shape, classAxis);
        core.reshape(view);
        probabilities.reshapeLike(scores);
        tops[1]?.reshapeLike(scores);
        tops[1]?.shareData(probabilities);
      },
      forward([scores, labels], [top]) {
        core.forward(scores!, probabilities);
        top!.data[0] = sumOfLosses(probabilities.data, labels!.data) / divisor;
      },
      backward([top], propagateDown, [scores, labels]) {
        refuseLabelGradient(context, propagateDown);
        if (!propagateDown[0]) return;
        const scale = Math.fround(top!.diff[0]! / divisor);
        const p = probabilities.data;
        const dx = scores!.diff;
        const { engine } = context;
        engine.axpby(dx.length, scale, probabilities.dataPointer, 0, scores!.diffPointer);
        subtractLabels(p, labels!.data, dx, view, scale, ignored);
      },
      dispose: () => probabilities.dispose(),
    };
  },
};

/** dx at each label becomes (p - 1) scale; all of dx becomes 0 where the label is ignored. */
function subtractLabels(
  p: Float32Array,
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
      if (label !== ignored) {
        const chosen = i + label * inner;
        dx[chosen] = Math.fround(p[chosen]! - 1) * scale;
        continue;
      }
      for (let c = 0; c < channels; c++) dx[i + c * inner] = 0;
    }
  }
}
