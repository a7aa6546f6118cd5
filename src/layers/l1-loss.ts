/** @file L1Loss: the mean absolute distance. */
import { distanceLoss } from "./support/distance-loss.ts";

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
export const l1Loss = distanceLoss({
  type: "L1Loss",
  of: Math.abs,
  divisor: 1,
  slope: Math.sign,
});
