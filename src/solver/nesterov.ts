/** @file Nesterov's accelerated gradient. */
import { type UpdateRule, regularise } from "./update-rule.ts";

/**     h' = rate g + momentum h,   w -= (1 + momentum) h' - momentum h */
export const nesterov: UpdateRule = {
  histories: 1,
  historyHoldsRate: true,
  update(update) {
    const { rate, constants, blob, history } = update;
    const { momentum } = constants;
    regularise(update);
    const { data, diff } = blob;
    const h = history[0]!.data;
    for (let i = 0; i < diff.length; i++) {
      const before = h[i]!;
      h[i] = rate * diff[i]! + momentum * before;
      diff[i] = (1 + momentum) * h[i]! - momentum * before;
      data[i]! -= diff[i]!;
    }
  },
};
