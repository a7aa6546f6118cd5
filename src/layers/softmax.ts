/** @file Softmax: scores to probabilities. */
import { type LayerDefinition, exactly } from "../core/layer.ts";
import { withDefaults } from "../schema/index.ts";
import { axisOf } from "./support/axis.ts";
import { Softmax, viewAround } from "./support/softmax.ts";

/**
 * Turns scores into probabilities along `axis`.
 *
 *     y[c] = e^x[c] / sum over k of e^x[k]
 *     dx[c] = (dy[c] - sum over k of dy[k] y[k]) y[c]
 *
 * - Bottom: x, such as (N, C, H, W). Top: y, of the same shape; may be x.
 */
export const softmax: LayerDefinition = {
  type: "Softmax",
  bottoms: exactly(1),
  tops: exactly(1),
  setUp(context) {
    const { axis } = withDefaults("SoftmaxParameter", context.param.softmaxParam);
    const core = new Softmax(context.engine);
    return {
      blobs: [],
      reshape([bottom], [top]) {
        const { shape } = bottom!;
        core.reshape(viewAround(shape, axisOf(context, shape, axis, "softmaxParam.axis")));
        top!.reshapeLike(bottom!);
      },
      forward: ([bottom], [top]) => core.forward(bottom!, top!),
      backward([top], propagateDown, [bottom]) {
        if (propagateDown[0]) core.backward(top!.data, top!.diff, bottom!.diff);
      },
    };
  },
};
