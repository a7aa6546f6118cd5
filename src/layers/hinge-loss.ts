/** @file HingeLoss: one against all, with a margin. */
import type { LayerDefinition } from "../core/layer.ts";
import { withDefaults } from "../schema/index.ts";
import { badLabel, lossLayer, refuseLabelGradient, reshapeLoss } from "./support/loss.ts";

/**
 * The hinge loss of scores x, where class k of item n has the sign s = +1 if it is the label.
 *
 *     L1   loss = sum of max(0, 1 - s x) / N          dx = -s loss_weight / N  where 1 - s x > 0
 *     L2   loss = sum of max(0, 1 - s x)^2 / N        dx = -2 s max(0, 1 - s x) loss_weight / N
 *
 * - Bottoms: x (N, K ...), flattened to N x K; labels (N). Top: the loss, a scalar.
 */
export const hingeLoss: LayerDefinition = {
  type: "HingeLoss",
  ...lossLayer,
  setUp(context) {
    const isL2 = withDefaults("HingeLossParameter", context.param.hingeLossParam).norm === "L2";
    return {
      blobs: [],
      reshape: (bottoms, tops) => reshapeLoss(context, bottoms, tops),
      forward([scores, labels], [top]) {
        const x = scores!.data;
        const items = scores!.shape[0]!;
        const classes = scores!.count / items;
        let sum = 0;
        for (let n = 0, i = 0; n < items; n++) {
          const label = Math.trunc(labels!.data[n]!);
          if (!(label >= 0 && label < classes)) badLabel(context, labels!.data[n]!, classes);
          for (let k = 0; k < classes; k++, i++) {
            const margin = Math.max(0, 1 - (k === label ? x[i]! : -x[i]!));
            sum += isL2 ? margin * margin : margin;
          }
        }
        top!.data[0] = sum / items;
      },
      backward([top], propagateDown, [scores, labels]) {
        refuseLabelGradient(context, propagateDown);
        if (!propagateDown[0]) return;
        const x = scores!.data;
        const dx = scores!.diff;
        const items = scores!.shape[0]!;
        const classes = scores!.count / items;
        const weight = top!.diff[0]! / items;
        for (let n = 0, i = 0; n < items; n++) {
          const label = Math.trunc(labels!.data[n]!);
          for (let k = 0; k < classes; k++, i++) {
            const sign = k === label ? 1 : -1;
            const margin = Math.max(0, 1 - sign * x[i]!);
            dx[i] = -sign * weight * (isL2 ? 2 * margin : Math.sign(margin));
          }
        }
      },
    };
  },
};
