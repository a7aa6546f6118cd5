/** @file TanH: the hyperbolic tangent. */
import { neuronLayer } from "./support/neuron.ts";

/**
 * Squashes to (-1, 1).
 *
 *     y = tanh(x)
 *     dx = dy (1 - y^2)
 *
 * - Bottom: x. Top: y, of the same shape; may be x.
 */
export const tanh = neuronLayer({
  type: "TanH",
  setUp: () => ({
    forward({ data: x }, { data: y }) {
      for (let i = 0; i < x.length; i++) y[i] = Math.tanh(x[i]!);
    },
    backward({ diff: dx }, { data: y, diff: dy }) {
      for (let i = 0; i < y.length; i++) dx[i] = dy[i]! * (1 - y[i]! * y[i]!);
    },
  }),
});
