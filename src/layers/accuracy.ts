/** @file Accuracy: how often the true class is among the best. */
import type { Blob } from "../core/blob.ts";
import { type LayerDefinition, exactly } from "../core/layer.ts";
import { withDefaults } from "../schema/index.ts";
import { axisOf } from "./support/axis.ts";
import { badLabel, checkLabelCount } from "./support/loss.ts";
import { noGradient } from "./support/no-gradient.ts";
import { type AxisView, viewAround } from "./support/softmax.ts";

/**
 * The part of the labels whose class has one of the `top_k` highest scores.
 *
 * A label is right if fewer than top_k other classes score at least as high, so that a tie counts
 * as wrong. A NaN scores at least as high as nothing, so that the label of a class whose score is NaN
 * counts as right; the loss shows such a net (both BVLC AccuracyLayer). Labels equal to `ignore_label` are left out.
 *
 * - Bottoms: scores (N, C, ...); labels, one for each place around `axis`.
 * - Tops: the accuracy, a scalar; where a second top is given, the accuracy of each class (C).
 *   Both are 0 where there is no label.
 */
export const accuracy: LayerDefinition = {
  type: "Accuracy",
  bottoms: exactly(2),
  tops: { min: 1, max: 2 },
  setUp(context) {
    const { axis, topK, ignoreLabel } = withDefaults(
      "AccuracyParameter",
      context.param.accuracyParam,
    );
    let view: AxisView = { outer: 0, channels: 0, inner: 0 };
    /** Labels of each class, and how many of them were right. */
    let seen = new Float64Array(0);
    let right = new Float64Array(0);
    return {
      blobs: [],
      reshape(bottoms, tops) {
        const [scores] = bottoms as [Blob];
        const classAxis = axisOf(context, scores.shape, axis, "accuracyParam.axis");
        checkLabelCount(context, bottoms, classAxis, "label");
        view = viewAround(scores.shape, classAxis);
        if (topK > view.channels) {
          context.fail(
            "top_k must be less than or equal to the number of classes. It is " +
              `${topK}, of ${view.channels} classes.`,
            "accuracyParam.topK",
          );
        }
        seen = new Float64Array(view.channels);
        right = new Float64Array(view.channels);
        tops[0]!.reshape();
        tops[1]?.reshape(view.channels);
      },
      forward([scores, labels], tops) {
        const { outer, channels, inner } = view;
        seen.fill(0);
        right.fill(0);
        for (let o = 0, at = 0; o < outer; o++) {
          for (let i = 0; i < inner; i++, at++) {
            const label = Math.trunc(labels!.data[at]!);
            if (label === ignoreLabel) continue;
            if (!(label >= 0 && label < channels)) badLabel(context, label, channels);
            seen[label]!++;
            const first = o * channels * inner + i;
            if (isAmongBest(scores!.data, first, view, label, topK)) right[label]!++;
          }
        }
        writeRatios(seen, right, tops);
      },
      backward: noGradient(context),
    };
  },
};

/** Whether fewer than topK other classes score at least as high as the class of the label. */
function isAmongBest(
  scores: Float32Array,
  first: number,
  { channels, inner }: AxisView,
  label: number,
  topK: number,
): boolean {
  const own = scores[first + label * inner]!;
  let better = -1; // the class itself is counted too
  for (let c = 0; c < channels && better < topK; c++) {
    if (scores[first + c * inner]! >= own) better++;
  }
  return better < topK;
}

function writeRatios(seen: Float64Array, right: Float64Array, tops: readonly Blob[]): void {
  let labels = 0;
  let hits = 0;
  for (let c = 0; c < seen.length; c++) {
    labels += seen[c]!;
    hits += right[c]!;
    if (tops[1]) tops[1].data[c] = seen[c] === 0 ? 0 : right[c]! / seen[c]!;
  }
  tops[0]!.data[0] = labels === 0 ? 0 : hits / labels;
}
