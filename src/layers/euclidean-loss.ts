/** @file EuclideanLoss: half the mean squared distance. */
import { distanceLoss } from "./support/distance-loss.ts";

/**
 * The squared distance of two blobs, for regression.
 *
 *     loss = sum of (a - b)^2 / (2 N)
 *     da = (a - b) loss_weight / N,  db = -da
 *
 * - Bottoms: a (N, ...); b, as many values for each of the N. Top: the loss, a scalar.
 */
export const euclideanLoss = distanceLoss({
  type: "EuclideanLoss",
  of: (difference) => difference ** 2,
  divisor: 2,
  slope: (difference) => difference,
});
