/** @file AdaGrad. */
import { type UpdateRule, regularise } from "./update-rule.ts";

/**     h += g^2,   w -= rate g / (sqrt(h) + delta) */
export const adaGrad: UpdateRule = {
  histories: 1,
  historyHoldsRate: false,
  update(update) {
    const { rate, constants, blob, history } = update;
    regularise(update);
    const { data, diff } = blob;
    const h = history[0]!.data;
    for (let i = 0; i < diff.length; i++) {
      const g = diff[i]!;
      h[i]! += g * g;
      diff[i] = (rate * g) / (Math.sqrt(h[i]!) + constants.delta);
      data[i]! -= diff[i]!;
    }
  },
};
