/** @file AdaDelta. */
import { type UpdateRule, regularise } from "./update-rule.ts";

/**
 *     a = m a + (1 - m) g^2,   u = g sqrt((b + delta) / (a + delta)),   b = m b + (1 - m) u^2
 *     w -= rate u,   m = momentum
 *
 * History: a (squared gradients) and b (squared updates).
 */
export const adaDelta: UpdateRule = {
  histories: 2,
  historyHoldsRate: false,
  update(update) {
    const { rate, constants, blob, history } = update;
    const { momentum, delta } = constants;
    regularise(update);
    const { data, diff } = blob;
    const [a, b] = [history[0]!.data, history[1]!.data];
    for (let i = 0; i < diff.length; i++) {
      const g = diff[i]!;
      a[i] = momentum * a[i]! + (1 - momentum) * g * g;
      const u = g * Math.sqrt((b[i]! + delta) / (a[i]! + delta));
      b[i] = momentum * b[i]! + (1 - momentum) * u * u;
      diff[i] = rate * u;
      data[i]! -= diff[i]!;
    }
  },
};
