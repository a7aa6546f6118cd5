/** @file Threshold: what is above a value. */
import { type LayerDefinition, exactly } from "../core/layer.ts";
import { withDefaults } from "../schema/index.ts";
import { noGradient } from "./support/no-gradient.ts";

/**
 * Marks what is above `threshold`.
 *
 *     y = 1 where x > threshold, else 0
 *
 * - Bottom: x. Top: y, of the same shape.
 */
export const threshold: LayerDefinition = {
  type: "Threshold",
  bottoms: exactly(1),
  tops: exactly(1),
  setUp(context) {
    const { threshold } = withDefaults("ThresholdParameter", context.param.thresholdParam);
    return {
      blobs: [],
      reshape: ([x], [y]) => y!.reshapeLike(x!),
      forward([bottom], [top]) {
        const x = bottom!.data;
        const y = top!.data;
        for (let i = 0; i < x.length; i++) y[i] = x[i]! > threshold ? 1 : 0;
      },
      backward: noGradient(context),
    };
  },
};
