/** @file AdaDelta. */
import { type UpdateRule, regularised } from "./update-rule.ts";

/**
 *     a = m a + (1 - m) g^2,   u = g sqrt((b + delta) / (a + delta)),   b = m b + (1 - m) u^2
 *     w -= rate u,   m = momentum
 *
 * History: a (squared gradients) and b (squared updates).
 */
export const adaDelta: UpdateRule = {
  histories: 2,
  update(update) {
    const { rate, constants } = update;
    const { momentum, delta } = constants;
    const { data, diff, histories } = regularised(update);
    const [a, b] = histories as [Float32Array, Float32Array];
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
