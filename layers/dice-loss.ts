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
 * Written with plain loops; `dice-loss-autodiff.ts` is the same in TensorFlow.js, shorter and slower.
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
  /** p of each pixel, and the Dice coefficient and U + s of each image; forward leaves them to backward. */
  p = new Float32Array();
  dice: number[] = [];
  union: number[] = [];

  override reshape([score, label]: [Blob, Blob], [loss]: [Blob]): void {
    if (score.shape[1] !== 2 || score.count !== 2 * label.count) {
      throw new Error("Dice loss needs scores of two classes and a label for every pixel.");
    }
    if (this.p.length !== label.count) this.p = new Float32Array(label.count);
    loss.reshape(1);
  }

  override forward([score, label]: [Blob, Blob], [loss]: [Blob]): void {
    const [x, l, p] = [score.data, label.data, this.p];
    const N = score.shape[0]!;
    const pixels = p.length / N;
    let sum = 0;
    for (let n = 0; n < N; n++) {
      let [intersection, union] = [0, SMOOTHING];
      for (let i = n * pixels; i < (n + 1) * pixels; i++) {
        const score0 = i + n * pixels; // the scores of class 1 lie one plane further
        const p1 = 1 / (1 + Math.exp(x[score0]! - x[score0 + pixels]!));
        p[i] = p1;
        intersection += p1 * l[i]!;
        union += p1 + l[i]!;
      }
      this.union[n] = union;
      this.dice[n] = (2 * intersection + SMOOTHING) / union;
      sum += this.dice[n]!;
    }
    loss.set(1 - sum / N);
  }

  override backward([loss]: [Blob], [scoreWanted]: boolean[], [score, label]: [Blob, Blob]): void {
    if (!scoreWanted) return;
    const [dx, l, p] = [score.diff, label.data, this.p];
    const N = score.shape[0]!;
    const pixels = p.length / N;
    for (let n = 0; n < N; n++) {
      const factor = loss.diff[0]! / (N * this.union[n]!);
      for (let i = n * pixels; i < (n + 1) * pixels; i++) {
        const dp = factor * (this.dice[n]! - 2 * l[i]!);
        const score0 = i + n * pixels;
        dx[score0 + pixels] = dp * p[i]! * (1 - p[i]!);
        dx[score0] = -dx[score0 + pixels]!; // class 0 gets the opposite
      }
    }
  }
}

const SMOOTHING = 1;
