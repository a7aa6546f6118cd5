/** @file Exp: powers of a base. */
import { withDefaults } from "../schema/index.ts";
import { logOfBase } from "./support/log-base.ts";
import { neuronLayer } from "./support/neuron.ts";

/**
 * Raises a base to a power.
 *
 *     y = base^(shift + scale x)        base -1: e
 *     dx = dy y scale ln(base)
 *
 * - Bottom: x. Top: y, of the same shape; may be x.
 */
export const exp = neuronLayer({
  type: "Exp",
  setUp(context) {
    const { base, scale, shift } = withDefaults("ExpParameter", context.param.expParam);
    const logBase = logOfBase(context, base, "expParam.base");
    const slope = scale * logBase;
    const factor = Math.exp(shift * logBase);
    return {
      forward({ data: x }, { data: y }) {
        for (let i = 0; i < x.length; i++) y[i] = factor * Math.exp(slope * x[i]!);
      },
      backward({ diff: dx }, { data: y, diff: dy }) {
        for (let i = 0; i < y.length; i++) dx[i] = dy[i]! * y[i]! * slope;
      },
    };
  },
});
