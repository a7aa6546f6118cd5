/** @file Sigmoid: the logistic function. */
import { neuronLayer } from "./support/neuron.ts";

/**
 * Squashes to (0, 1).
 *
 *     y = 1 / (1 + e^-x)
 *     dx = dy y (1 - y)
 *
 * - Bottom: x. Top: y, of the same shape; may be x.
 */
export const sigmoid = neuronLayer({
  type: "Sigmoid",
  setUp: () => ({
    forward({ data: x }, { data: y }) {
      for (let i = 0; i < x.length; i++) y[i] = 1 / (1 + Math.exp(-x[i]!));
    },
    backward({ diff: dx }, { data: y, diff: dy }) {
      for (let i = 0; i < y.length; i++) dx[i] = dy[i]! * y[i]! * (1 - y[i]!);
    },
  }),
});
