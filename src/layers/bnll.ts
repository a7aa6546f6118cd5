/** @file BNLL: the binomial normal log likelihood, a smooth rectifier. */
import { neuronLayer } from "./support/neuron.ts";

/** Above this, e^x / (e^x + 1) is 1 in float32, and e^x would overflow some day (BVLC BNLLLayer). */
const LARGEST_EXPONENT = 50;

/**
 * The softplus function.
 *
 *     y = log(1 + e^x)
 *     dx = dy e^x / (1 + e^x)
 *
 * - Bottom: x. Top: y, of the same shape.
 */
export const bnll = neuronLayer({
  type: "BNLL",
  setUp: () => ({
    forward({ data: x }, { data: y }) {
      for (let i = 0; i < x.length; i++) {
        y[i] = Math.max(x[i]!, 0) + Math.log1p(Math.exp(-Math.abs(x[i]!)));
      }
    },
    backward({ data: x, diff: dx }, { diff: dy }) {
      for (let i = 0; i < x.length; i++) {
        const e = Math.exp(Math.min(x[i]!, LARGEST_EXPONENT));
        dx[i] = (dy[i]! * e) / (e + 1);
      }
    },
  }),
});
