/** @file Adam. */
import { type UpdateRule, regularise } from "./update-rule.ts";

/**
 *     m = b1 m + (1 - b1) g,   v = b2 v + (1 - b2) g^2
 *     w -= rate sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + delta),   t = iter + 1
 *
 * b1 = momentum, b2 = momentum2. History: m and v.
 */
export const adam: UpdateRule = {
  histories: 2,
  historyHoldsRate: false,
  update(update) {
    const { constants, iter, blob, history } = update;
    const { momentum: b1, momentum2: b2, delta } = constants;
    const t = iter + 1;
    const rate = (update.rate * Math.sqrt(1 - b2 ** t)) / (1 - b1 ** t);
    regularise(update);
    const { data, diff } = blob;
    const [m, v] = [history[0]!.data, history[1]!.data];
    for (let i = 0; i < diff.length; i++) {
      const g = diff[i]!;
      m[i] = b1 * m[i]! + (1 - b1) * g;
      v[i] = b2 * v[i]! + (1 - b2) * g * g;
      diff[i] = (rate * m[i]!) / (Math.sqrt(v[i]!) + delta);
      data[i]! -= diff[i]!;
    }
  },
};
