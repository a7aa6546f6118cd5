/** @file Swish: a value times its own sigmoid. */
import { withDefaults } from "../schema/index.ts";
import { neuronLayer } from "./support/neuron.ts";

/**
 * A smooth rectifier that dips below 0.
 *
 *     y = x s,  s = 1 / (1 + e^(-beta x))
 *     dx = dy (beta y + s (1 - beta y))
 *
 * - Bottom: x. Top: y, of the same shape.
 */
export const swish = neuronLayer({
  type: "Swish",
  setUp({ param }) {
    const { beta } = withDefaults("SwishParameter", param.swishParam);
    return {
      forward({ data: x }, { data: y }) {
        for (let i = 0; i < x.length; i++) y[i] = x[i]! / (1 + Math.exp(-beta * x[i]!));
      },
      backward({ data: x, diff: dx }, { data: y, diff: dy }) {
        for (let i = 0; i < x.length; i++) {
          const s = 1 / (1 + Math.exp(-beta * x[i]!));
          dx[i] = dy[i]! * (beta * y[i]! + s * (1 - beta * y[i]!));
        }
      },
    };
  },
});
