/** @file Nesterov's accelerated gradient. */
import { type UpdateRule, regularised } from "./update-rule.ts";

/**     h' = rate g + momentum h,   w -= (1 + momentum) h' - momentum h */
export const nesterov: UpdateRule = {
  histories: 1,
  update(update) {
    const { rate, constants } = update;
    const { momentum } = constants;
    const { data, diff, histories } = regularised(update);
    const h = histories[0]!;
    for (let i = 0; i < diff.length; i++) {
      const before = h[i]!;
      h[i] = rate * diff[i]! + momentum * before;
      diff[i] = (1 + momentum) * h[i]! - momentum * before;
      data[i]! -= diff[i]!;
    }
  },
};
