/** @file Clip: values kept within bounds. */
import { neuronLayer } from "./support/neuron.ts";

/**
 * Cuts off what is below `min` and above `max`.
 *
 *     y = max(min, min(x, max))
 *     dx = dy where min <= x <= max, else 0
 *
 * - Bottom: x. Top: y, of the same shape.
 */
export const clip = neuronLayer({
  type: "Clip",
  setUp({ param, fail }) {
    const { min, max } = param.clipParam ?? fail("clip_param must give min and max; it is missing");
    return {
      forward({ data: x }, { data: y }) {
        for (let i = 0; i < x.length; i++) y[i] = Math.max(min, Math.min(x[i]!, max));
      },
      backward({ data: x, diff: dx }, { diff: dy }) {
        for (let i = 0; i < x.length; i++) {
          dx[i] = x[i]! >= min && x[i]! <= max ? dy[i]! : 0;
        }
      },
    };
  },
});
