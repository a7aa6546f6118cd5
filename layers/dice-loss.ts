import * as tf from "@tensorflow/tfjs-core";
import { type Blob, Layer } from "cortado";

/**
 * The soft Dice loss: 1 - Dice, where the prediction is a probability instead of a yes or no, so
 * that it has a gradient. It weighs both areas alike, however few the pixels of class 1 are.
 *
 *     I = sum of p l,  U = sum of p + sum of l    over the pixels of one image
 *     dice = (2 I + s) / (U + s)                  with s = 1, so that empty images count as 1
 *     loss = 1 - mean of dice over the N images
 *     dloss/dp = (dice - 2 l) / (N (U + s))
 *
 * p is the probability of class 1, the softmax of the two scores; dp/dscore1 = p (1 - p).
 *
 * - Bottoms: scores (N, 2, H, W); label (N, 1, H, W), each 0 or 1.
 * - Top: the loss (1).
 *
 *     layer {
 *       name: "loss"  type: "Python"  bottom: "score"  bottom: "label"  top: "loss"
 *       python_param { module: "dice-loss"  layer: "DiceLoss" }
 *       loss_weight: 1
 *       exclude { stage: "deploy" }
 *     }
 */
export class DiceLoss extends Layer {
  override reshape([score, label]: [Blob, Blob], [loss]: [Blob]): void {
    if (score.shape[1] !== 2 || score.count !== 2 * label.count) {
      throw new Error("Dice loss needs scores of two classes and a label for every pixel.");
    }
    loss.reshape(1);
  }

  override forward([score, label]: [Blob, Blob], [loss]: [Blob]): void {
    const { dice } = compare(score, label);
    loss.set(dice.mean().neg().add(1));
  }

  override backward([loss]: [Blob], [scoreWanted]: boolean[], [score, label]: [Blob, Blob]): void {
    if (!scoreWanted) return;
    const { p, l, union, dice } = compare(score, label);
    const dp = dice
      .sub(l.mul(2))
      .div(union)
      .mul(loss.diff[0]! / p.shape[0]!);
    const dScore = dp.mul(p).mul(p.neg().add(1)); // of class 1; class 0 gets the opposite
    score.setDiff(tf.stack([dScore.neg(), dScore], 1));
  }
}

const SMOOTHING = 1;

/** p and l as (N, pixels); U + s and the Dice coefficient as (N, 1). */
function compare(score: Blob, label: Blob) {
  const n = score.shape[0]!;
  const [score0, score1] = tf.unstack(score.tensor().reshape([n, 2, -1]), 1);
  const p = score1!.sub(score0!).sigmoid();
  const l = label.tensor().reshape([n, -1]);
  const intersection = p.mul(l).sum(1, true);
  const union = p.sum(1, true).add(l.sum(1, true)).add(SMOOTHING);
  const dice = intersection.mul(2).add(SMOOTHING).div(union);
  return { p, l, union, dice };
}
