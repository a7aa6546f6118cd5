/** @file AbsVal: the absolute value. */
import { neuronLayer } from "./support/neuron.ts";

/**
 * Takes absolute values.
 *
 *     y = |x|
 *     dx = dy sign(x)        0 at 0
 *
 * - Bottom: x. Top: y, of the same shape; not x.
 */
export const absVal = neuronLayer({
  type: "AbsVal",
  refusesInPlace: true,
  setUp: () => ({
    forward({ data: x }, { data: y }) {
      for (let i = 0; i < x.length; i++) y[i] = Math.abs(x[i]!);
    },
    backward({ data: x, diff: dx }, { diff: dy }) {
      for (let i = 0; i < x.length; i++) dx[i] = dy[i]! * Math.sign(x[i]!);
    },
  }),
});
