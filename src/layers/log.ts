/** @file Log: logarithms to a base. */
import { withDefaults } from "../schema/index.ts";
import { logOfBase } from "./support/log-base.ts";
import { neuronLayer } from "./support/neuron.ts";

/**
 * Takes logarithms.
 *
 *     y = log_base(shift + scale x)        base -1: e
 *     dx = dy scale / ((shift + scale x) ln(base))
 *
 * - Bottom: x. Top: y, of the same shape.
 */
export const log = neuronLayer({
  type: "Log",
  setUp(context) {
    const { base, scale, shift } = withDefaults("LogParameter", context.param.logParam);
    const factor = 1 / logOfBase(context, base, "logParam.base");
    if (!Number.isFinite(factor)) {
      context.fail(
        `Inf result: 1/log(base) = 1/log(${base}) = inf. Any other base will do.`,
        "logParam.base",
      );
    }
    return {
      forward({ data: x }, { data: y }) {
        for (let i = 0; i < x.length; i++) y[i] = factor * Math.log(shift + scale * x[i]!);
      },
      backward({ data: x, diff: dx }, { diff: dy }) {
        for (let i = 0; i < x.length; i++) {
          dx[i] = (dy[i]! * factor * scale) / (shift + scale * x[i]!);
        }
      },
    };
  },
});
