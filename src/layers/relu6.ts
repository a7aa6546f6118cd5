/** @file ReLU6: the rectifier that ends at 6. */
import { withDefaults } from "../schema/index.ts";
import { neuronLayer } from "./support/neuron.ts";

/**
 * Keeps what lies between 0 and 6; scales what is negative.
 *
 *     y = min(max(x, 0) + s min(x, 0), 6)        s: negative_slope
 *     dx = dy where 0 < x < 6, s dy where x <= 0, else 0
 *
 * From MobileNetV2's ports to Caffe (chinakook, eric612).
 *
 * - Bottom: x. Top: y, of the same shape; may be x.
 */
export const relu6 = neuronLayer({
  type: "ReLU6",
  setUp({ param }) {
    const { negativeSlope: slope } = withDefaults("ReLU6Parameter", param.relu6Param);
    return {
      forward({ data: x }, { data: y }) {
        for (let i = 0; i < x.length; i++) {
          y[i] = Math.min(Math.max(x[i]!, 0) + slope * Math.min(x[i]!, 0), 6);
        }
      },
      // In place, x holds y by now; both are 6 or more, and positive, at the same places.
      backward({ data: x, diff: dx }, { diff: dy }) {
        for (let i = 0; i < x.length; i++) {
          dx[i] = x[i]! >= 6 ? 0 : x[i]! > 0 ? dy[i]! : slope * dy[i]!;
        }
      },
    };
  },
});
