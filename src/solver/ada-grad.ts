/** @file AdaGrad. */
import { type UpdateRule, regularised } from "./update-rule.ts";

/**     h += g^2,   w -= rate g / (sqrt(h) + delta) */
export const adaGrad: UpdateRule = {
  histories: 1,
  update(update) {
    const { rate, constants } = update;
    const { data, diff, histories } = regularised(update);
    const h = histories[0]!;
    for (let i = 0; i < diff.length; i++) {
      const g = diff[i]!;
      h[i]! += g * g;
      diff[i] = (rate * g) / (Math.sqrt(h[i]!) + constants.delta);
      data[i]! -= diff[i]!;
    }
  },
};
