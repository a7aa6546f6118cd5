/** @file ELU: the exponential linear unit. */
import { withDefaults } from "../schema/index.ts";
import { neuronLayer } from "./support/neuron.ts";

/**
 * Keeps what is positive; lets the rest saturate at -alpha.
 *
 *     y = x where x > 0, else alpha (e^x - 1)
 *     dx = dy where x > 0, else dy (y + alpha)
 *
 * - Bottom: x. Top: y, of the same shape; may be x.
 */
export const elu = neuronLayer({
  type: "ELU",
  setUp({ param }) {
    const { alpha } = withDefaults("ELUParameter", param.eluParam);
    return {
      forward({ data: x }, { data: y }) {
        for (let i = 0; i < x.length; i++) y[i] = x[i]! > 0 ? x[i]! : alpha * Math.expm1(x[i]!);
      },
      // In place, x holds y by now; both are positive at the same places.
      backward({ data: x, diff: dx }, { data: y, diff: dy }) {
        for (let i = 0; i < x.length; i++) {
          dx[i] = x[i]! > 0 ? dy[i]! : dy[i]! * (y[i]! + alpha);
        }
      },
    };
  },
});
