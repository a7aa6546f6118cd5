/** @file RMSProp. */
import { type UpdateRule, regularise } from "./update-rule.ts";

/**     h = d h + (1 - d) g^2,   w -= rate g / (sqrt(h) + delta),   d = rms_decay */
export const rmsProp: UpdateRule = {
  histories: 1,
  historyHoldsRate: false,
  update(update) {
    const { rate, constants, blob, history } = update;
    const { rmsDecay, delta } = constants;
    regularise(update);
    const { data, diff } = blob;
    const h = history[0]!.data;
    for (let i = 0; i < diff.length; i++) {
      const g = diff[i]!;
      h[i] = rmsDecay * h[i]! + (1 - rmsDecay) * g * g;
      diff[i] = (rate * g) / (Math.sqrt(h[i]!) + delta);
      data[i]! -= diff[i]!;
    }
  },
};
