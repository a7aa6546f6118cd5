import * as tf from "@tensorflow/tfjs-core";
import { type Blob, Layer } from "cortado";

/**
 * The soft Dice loss of `dice-loss.ts` without a line of calculus: `autodiff` derives the gradient
 * from `forward`.
 *
 *     loss = 1 - mean over the images of (2 sum(p l) + 1) / (sum(p) + sum(l) + 1)
 *
 * - Bottoms: scores (N, 2, H, W); label (N, 1, H, W), each 0 or 1.
 * - Top: the loss (1).
 *
 *     layer {
 *       name: "loss"  type: "Python"  bottom: "score"  bottom: "label"  top: "loss"
 *       python_param { module: "dice-loss-autodiff"  layer: "DiceLossAutodiff" }
 *       loss_weight: 1
 *       exclude { stage: "deploy" }
 *     }
 */
export class DiceLossAutodiff extends Layer {
  static override readonly autodiff = true;

  override reshape([score, label]: [Blob, Blob], [loss]: [Blob]): void {
    if (score.shape[1] !== 2 || score.count !== 2 * label.count) {
      throw new Error("Dice loss needs scores of two classes and a label for every pixel.");
    }
    loss.reshape(1);
  }

  override forward([score, label]: [Blob, Blob], [loss]: [Blob]): void {
    const [score0, score1] = tf.unstack(score.tensor(), 1);
    const p = score1!.sub(score0!).sigmoid(); // probability of class 1: (N, H, W)
    const l = label.tensor().reshape(p.shape);
    const intersection = p.mul(l).sum([1, 2]); // (N)
    const union = p.sum([1, 2]).add(l.sum([1, 2]));
    const dice = intersection.mul(2).add(1).div(union.add(1));
    loss.set(tf.sub(1, dice.mean()));
  }
}
