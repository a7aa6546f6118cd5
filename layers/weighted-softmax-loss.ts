import { type Blob, Layer } from "cortado";

/**
 * Softmax loss that penalises a mistake at a pixel of a rare class more than one at a pixel of a
 * common class. Written with plain loops over `data`: the fastest way, with nothing to import.
 *
 *     loss = sum of w[l] (log sum over c of exp x[c] - x[l]) / sum of w[l]    over all pixels
 *     dloss/dx[c] = w[l] (p[c] - (c == l ? 1 : 0)) / sum of w[l]
 *
 * - Bottoms: scores x (N, C, H, W); label l (N, 1, H, W), each 0 to C - 1.
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
  weights: number[] = JSON.parse(this.paramStr || "[]");
  /** w[l] (p[c] - (c == l)): the gradient but for the division; forward leaves it to backward. */
  gradient = new Float32Array();
  totalWeight = 0;

  override reshape([score, label]: [Blob, Blob], [loss]: [Blob]): void {
    const classes = score.shape[1]!;
    if (score.count !== classes * label.count) {
      throw new Error("Weighted softmax loss needs a label for every pixel of the scores.");
    }
    if (this.weights.length !== classes) {
      throw new Error(`param_str has ${this.weights.length} weights for ${classes} classes.`);
    }
    if (this.gradient.length !== score.count) this.gradient = new Float32Array(score.count);
    loss.reshape(1);
  }

  override forward([score, label]: [Blob, Blob], [loss]: [Blob]): void {
    const { gradient, weights } = this;
    const x = score.data;
    const classes = weights.length;
    const pixels = label.count / score.shape[0]!; // of one image: as far apart two classes lie in x
    let sum = 0;
    this.totalWeight = 0;
    label.data.forEach((l, at) => {
      const w = weights[l];
      if (w === undefined) throw new Error(`Label ${l} is not from 0 to ${classes - 1}.`);
      const first = Math.floor(at / pixels) * classes * pixels + (at % pixels);
      const end = first + classes * pixels;
      let max = Number.NEGATIVE_INFINITY;
      for (let i = first; i < end; i += pixels) max = Math.max(max, x[i]!);
      let total = 0;
      for (let i = first; i < end; i += pixels) total += Math.exp(x[i]! - max);
      for (let i = first; i < end; i += pixels) gradient[i] = (w * Math.exp(x[i]! - max)) / total;
      gradient[first + l * pixels]! -= w;
      sum += w * (Math.log(total) + max - x[first + l * pixels]!);
      this.totalWeight += w;
    });
    loss.set(sum / this.totalWeight);
  }

  override backward([loss]: [Blob], [scoreWanted]: boolean[], [score]: [Blob, Blob]): void {
    if (!scoreWanted) return;
    const scale = loss.diff[0]! / this.totalWeight;
    score.setDiff(this.gradient.map((value) => scale * value));
  }
}
