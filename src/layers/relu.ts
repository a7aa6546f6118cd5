/** @file ReLU: the rectifier. */
import { withDefaults } from "../schema/index.ts";
import { neuronLayer } from "./support/neuron.ts";

/**
 * Keeps what is positive; scales what is negative.
 *
 *     y = max(x, 0) + s min(x, 0)        s: negative_slope
 *     dx = dy where x > 0, s dy elsewhere
 *
 * - Bottom: x. Top: y, of the same shape; may be x.
 */
export const relu = neuronLayer({
  type: "ReLU",
  setUp({ param, engine }) {
    const { negativeSlope } = withDefaults("ReLUParameter", param.reluParam);
    return {
      forward: (x, y) => engine.relu(x.count, negativeSlope, x.dataPointer, y.dataPointer),
      // In place, x holds y by now; both have the same sign.
      backward: (x, y) =>
        engine.reluGradient(x.count, negativeSlope, x.dataPointer, y.diffPointer, x.diffPointer),
    };
  },
});
