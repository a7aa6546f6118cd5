import * as tf from "@tensorflow/tfjs-core";
import { type Blob, Layer } from "cortado";

/**
 * Softmax loss that penalises a mistake at a pixel of a rare class more than one at a pixel of a
 * common class.
 *
 *     loss = -sum of w[label] log p[label] / sum of w[label]    over all pixels of all images
 *
 * - Bottoms: scores (N, C, H, W); label (N, 1, H, W), each 0 to C - 1.
 * - Top: the loss (1).
 * - `param_str`: the weights w of the C classes, as JSON.
 *
 *     layer {
 *       name: "loss"  type: "Python"  bottom: "score"  bottom: "label"  top: "loss"
 *       python_param {
 *         module: "weighted-softmax-loss"  layer: "WeightedSoftmaxLoss"  param_str: "[1, 20]"
 *       }
 *       loss_weight: 1
 *       exclude { stage: "deploy" }
 *     }
 */
export class WeightedSoftmaxLoss extends Layer {
  static override readonly autodiff = true;

  weights: number[] = JSON.parse(this.paramStr || "[]");

  override reshape([score, label]: [Blob, Blob], [loss]: [Blob]): void {
    const classes = score.shape[1]!;
    if (score.count !== classes * label.count) {
      throw new Error("Weighted softmax loss needs a label for every pixel of the scores.");
    }
    if (this.weights.length !== classes) {
      throw new Error(`param_str has ${this.weights.length} weights for ${classes} classes.`);
    }
    loss.reshape(1);
  }

  override forward([score, label]: [Blob, Blob], [loss]: [Blob]): void {
    const [n, classes] = score.shape as [number, number];
    const scores = score.tensor().reshape([n, classes, -1]);
    const logP = scores.sub(scores.logSumExp(1, true)); // (N, C, pixels)
    // The class's weight where the label is that class, 0 elsewhere: (N, C, pixels).
    const labels = label.tensor().reshape([n, 1, -1]);
    const masks = this.weights.map((weight, k) => labels.equal(k).cast("float32").mul(weight));
    const w = tf.concat(masks, 1);
    loss.set(logP.mul(w).sum().div(w.sum()).neg());
  }
}
