/** @file L1Loss: the mean absolute distance. */
import type { LayerDefinition } from "../core/layer.ts";
import { count, shapeString } from "../core/shape.ts";
import { lossLayer, reshapeLoss } from "./support/loss.ts";

/**
 * The absolute distance of two blobs, for regression.
 *
 *     loss = sum of |a - b| / N
 *     da = sign(a - b) loss_weight / N,  db = -da
 *
 * From NVIDIA's fork.
 *
 * - Bottoms: a (N, ...); b, as many values for each of the N. Top: the loss, a scalar.
 */
export const l1Loss: LayerDefinition = {
  type: "L1Loss",
  ...lossLayer,
  allowForceBackward: () => true,
  setUp: (context) => ({
    blobs: [],
    reshape(bottoms, tops) {
      reshapeLoss(context, bottoms, tops);
      const [a, b] = bottoms;
      if (count(a!.shape, 1) === count(b!.shape, 1)) return;
      context.fail(
        "Inputs must have the same dimension. " +
          `They are ${shapeString(a!.shape)} and ${shapeString(b!.shape)}.`,
        "bottom",
      );
    },
    forward([a, b], [top]) {
      const x = a!.data;
      const y = b!.data;
      let sum = 0;
      for (let i = 0; i < x.length; i++) sum += Math.abs(x[i]! - y[i]!);
      top!.data[0] = sum / a!.shape[0]!;
    },
    backward([top], propagateDown, bottoms) {
      const x = bottoms[0]!.data;
      const y = bottoms[1]!.data;
      const scale = top!.diff[0]! / bottoms[0]!.shape[0]!;
      for (let k = 0; k < 2; k++) {
        if (!propagateDown[k]) continue;
        const signed = k === 0 ? scale : -scale;
        const dx = bottoms[k]!.diff;
        for (let i = 0; i < dx.length; i++) dx[i] = Math.sign(x[i]! - y[i]!) * signed;
      }
    },
  }),
};
