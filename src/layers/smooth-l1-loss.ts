/** @file SmoothL1Loss: quadratic near 0, linear beyond. */
import type { Blob } from "../core/blob.ts";
import { type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { count, sameShape, shapeString } from "../core/shape.ts";
import { withDefaults } from "../schema/index.ts";
import { lossLayer, normalizationOf, normalizer, reshapeLoss } from "./support/loss.ts";

/**
 * A distance that outliers do not rule, for the corners of boxes.
 *
 *     d = v (a - b)
 *     f(d) = s^2 d^2 / 2 where |d| < 1 / s^2, else |d| - 1 / (2 s^2)        s: sigma
 *     loss = sum of w f(d) / N
 *     da = w v f'(d) loss_weight / N,  db = -da
 *
 * The forks differ in the number of bottoms: Fast R-CNN and SSD have a and b, or also v; Faster R-CNN
 * has w as well. R-FCN divides as its `loss_param` says, where VALID and FULL count N H W, so that is
 * done where it says something. With three bottoms the forks leave v out of the gradient, which is
 * the same for the zeros and ones that they use.
 *
 * - Bottoms: a (N, ...); b, v and w, of the same shape; v and w get no gradient. Top: the loss, a
 *   scalar.
 */
export const smoothL1Loss: LayerDefinition = {
  type: "SmoothL1Loss",
  ...lossLayer,
  bottoms: { min: 2, max: 4 },
  tops: exactly(1),
  allowForceBackward: (bottom) => bottom < 2,
  setUp(context) {
    const { param } = context;
    const { sigma } = withDefaults("SmoothL1LossParameter", param.smoothL1LossParam);
    const square = sigma * sigma;
    let divisor = 1;
    return {
      blobs: [],
      reshape(bottoms, tops) {
        reshapeLoss(context, bottoms, tops);
        checkShapes(context, bottoms);
        const { shape } = bottoms[0]!;
        const places = count(shape, 2);
        const mode = normalizationOf(param.lossParam, "BATCH_SIZE");
        divisor = normalizer(mode, shape[0]!, places, shape[0]! * places);
      },
      forward([a, b, inside, outside], [top]) {
        const [x, y, v, w] = [a!.data, b!.data, inside?.data, outside?.data];
        let sum = 0;
        for (let i = 0; i < x.length; i++) {
          const d = (x[i]! - y[i]!) * (v ? v[i]! : 1);
          const size = Math.abs(d);
          const cost = size < 1 / square ? 0.5 * square * d * d : size - 0.5 / square;
          sum += w ? w[i]! * cost : cost;
        }
        top!.data[0] = sum / divisor;
      },
      backward([top], propagateDown, bottoms) {
        const [x, y, v, w] = bottoms.map(({ data }) => data);
        for (let k = 0; k < bottoms.length; k++) {
          if (!propagateDown[k]) continue;
          const dx = bottoms[k]!.diff;
          if (k > 1) {
            dx.fill(0);
            continue;
          }
          const scale = ((k === 0 ? 1 : -1) * top!.diff[0]!) / divisor;
          for (let i = 0; i < dx.length; i++) {
            const inside = v ? v[i]! : 1;
            const d = (x![i]! - y![i]!) * inside;
            const slope = Math.abs(d) < 1 / square ? square * d : Math.sign(d);
            dx[i] = scale * slope * inside * (w ? w[i]! : 1);
          }
        }
      },
    };
  },
};

function checkShapes({ fail }: LayerContext, bottoms: readonly Blob[]): void {
  const { shape } = bottoms[0]!;
  bottoms.forEach((bottom, k) => {
    if (sameShape(bottom.shape, shape)) return;
    fail(
      `bottom[0]: ${shapeString(shape)}, bottom[${k}]: ${shapeString(bottom.shape)}; ` +
        "all bottoms need the same shape",
      "bottom",
    );
  });
}
