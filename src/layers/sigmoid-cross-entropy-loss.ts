/** @file SigmoidCrossEntropyLoss: the cross-entropy of independent yes-or-no scores. */
import type { LayerDefinition } from "../core/layer.ts";
import { count, shapeString } from "../core/shape.ts";
import {
  lossLayer,
  normalizationOf,
  normalizer,
  refuseLabelGradient,
  reshapeLoss,
} from "./support/loss.ts";

/**
 * The logistic loss of scores x against targets t, each value for itself.
 *
 *     loss = -sum of (t log s(x) + (1 - t) log(1 - s(x))) / normalizer,  s(x) = 1 / (1 + e^-x)
 *     dx = (s(x) - t) loss_weight / normalizer
 *
 * Values whose target, cut to an integer, is `ignore_label` add nothing. The normalizer is by
 * default the batch size (BATCH_SIZE), at least 1.
 *
 * - Bottoms: x (N, ...); t, as many values, usually in [0, 1]. Top: the loss, a scalar.
 */
export const sigmoidCrossEntropyLoss: LayerDefinition = {
  type: "SigmoidCrossEntropyLoss",
  ...lossLayer,
  setUp(context) {
    const { lossParam } = context.param;
    const mode = normalizationOf(lossParam, "BATCH_SIZE");
    const ignored = lossParam?.ignoreLabel;
    let divisor = 1;
    return {
      blobs: [],
      reshape(bottoms, tops) {
        reshapeLoss(context, bottoms, tops);
        const [x, t] = bottoms;
        if (x!.count === t!.count) return;
        context.fail(
          "SIGMOID_CROSS_ENTROPY_LOSS layer inputs must have the same count. They are " +
            `${shapeString(x!.shape)} and ${shapeString(t!.shape)}.`,
          "bottom",
        );
      },
      forward([bottom, target], [top]) {
        const x = bottom!.data;
        const t = target!.data;
        let sum = 0;
        let valid = 0;
        for (let i = 0; i < x.length; i++) {
          if (Math.trunc(t[i]!) === ignored) continue;
          const positive = x[i]! >= 0 ? 1 : 0;
          // The exponent is never positive, so that nothing overflows.
          sum -= x[i]! * (t[i]! - positive) - Math.log1p(Math.exp(-Math.abs(x[i]!)));
          valid++;
        }
        const { shape } = bottom!;
        divisor = normalizer(mode, shape[0]!, count(shape, 1), valid);
        top!.data[0] = sum / divisor;
      },
      backward([top], propagateDown, [bottom, target]) {
        refuseLabelGradient(context, propagateDown);
        if (!propagateDown[0]) return;
        const x = bottom!.data;
        const t = target!.data;
        const dx = bottom!.diff;
        const scale = top!.diff[0]! / divisor;
        for (let i = 0; i < x.length; i++) {
          const counts = Math.trunc(t[i]!) !== ignored;
          dx[i] = counts ? (1 / (1 + Math.exp(-x[i]!)) - t[i]!) * scale : 0;
        }
      },
    };
  },
};
