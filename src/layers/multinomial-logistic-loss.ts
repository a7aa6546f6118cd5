/** @file MultinomialLogisticLoss: the cross-entropy of probabilities and class labels. */
import type { LayerDefinition } from "../core/layer.ts";
import { count, shapeString } from "../core/shape.ts";
import { badLabel, lossLayer, refuseLabelGradient, reshapeLoss } from "./support/loss.ts";

/** What a probability counts at least (BVLC `kLOG_THRESHOLD`). */
const SMALLEST = 1e-20;

/**
 * The logistic loss of probabilities p; SoftmaxWithLoss is steadier where there are scores.
 *
 *     loss = -sum over n of log p[n, label[n]] / N
 *     dp[n, label[n]] = -loss_weight / (N p[n, label[n]]),  0 elsewhere
 *
 * - Bottoms: p (N, K ...), flattened to N x K; labels (N), (N, 1, ...). Top: the loss, a scalar.
 */
export const multinomialLogisticLoss: LayerDefinition = {
  type: "MultinomialLogisticLoss",
  ...lossLayer,
  setUp: (context) => ({
    blobs: [],
    reshape(bottoms, tops) {
      reshapeLoss(context, bottoms, tops);
      const { shape } = bottoms[1]!;
      if (count(shape, 1) !== 1) {
        context.fail(`each item needs one label; the labels are ${shapeString(shape)}`, "bottom");
      }
    },
    forward([probabilities, labels], [top]) {
      const p = probabilities!.data;
      const items = probabilities!.shape[0]!;
      const classes = probabilities!.count / items;
      let sum = 0;
      for (let n = 0; n < items; n++) {
        const label = Math.trunc(labels!.data[n]!);
        if (!(label >= 0 && label < classes)) badLabel(context, labels!.data[n]!, classes);
        sum -= Math.log(Math.max(p[n * classes + label]!, SMALLEST));
      }
      top!.data[0] = sum / items;
    },
    backward([top], propagateDown, [probabilities, labels]) {
      refuseLabelGradient(context, propagateDown);
      if (!propagateDown[0]) return;
      const p = probabilities!.data;
      const dp = probabilities!.diff;
      const items = probabilities!.shape[0]!;
      const classes = probabilities!.count / items;
      const weight = top!.diff[0]! / items;
      dp.fill(0);
      for (let n = 0; n < items; n++) {
        const i = n * classes + Math.trunc(labels!.data[n]!);
        dp[i] = -weight / Math.max(p[i]!, SMALLEST);
      }
    },
  }),
};
