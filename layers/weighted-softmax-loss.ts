import { type Blob, Layer, parseParamStr } from "cortado";

/**
 * Softmax loss that penalises a mistake at a pixel of a rare class more than one at a pixel of a
 * common class. Written with plain loops over `data`: the fastest way, with nothing to import.
 *
 *     loss = sum of w[l] (log sum over c of exp x[c] - x[l]) / sum of w[l]    over all pixels
 *     dloss/dx[c] = w[l] (p[c] - (c == l ? 1 : 0)) / sum of w[l]
 *
 * - Bottoms: scores x (N, C, H, W); label l (N, 1, H, W), each 0 to C - 1 or `ignore_label`.
 * - Top: the loss (1); 0 where no pixel counts.
 * - `param_str`: the weights w of the C classes, `[1, 20]`; or a dict: `weights`, a list of them or a
 *   dict of those that are not 1, `{'weights': {1: 20}, 'ignore_label': 255}`; pixels with
 *   `ignore_label` count nothing.
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
  weights: number[] = [];
  ignoreLabel: number | undefined;
  /** w[l] (p[c] - (c == l)): the gradient but for the division; forward leaves it to backward. */
  gradient = new Float32Array();
  totalWeight = 0;

  override setup([score]: [Blob, Blob]): void {
    const classes = score.shape[1]!;
    const given = parseParamStr(this.paramStr);
    const isList = Array.isArray(given);
    const { weights = {}, ignore_label } = (isList ? { weights: given } : given) as Settings;
    this.ignoreLabel = ignore_label;
    this.weights = Array.isArray(weights)
      ? weights
      : Array.from({ length: classes }, (_, c) => weights[c] ?? 1);
    if (this.weights.length !== classes) {
      throw new Error(`param_str has ${this.weights.length} weights for ${classes} classes.`);
    }
    const isWeight = (w: unknown) => typeof w === "number" && w >= 0;
    if (!this.weights.every(isWeight) || !Object.keys(weights).every((c) => Number(c) < classes)) {
      throw new Error(`param_str weighs classes 0 to ${classes - 1} with numbers from 0 on.`);
    }
  }

  override reshape([score, label]: [Blob, Blob], [loss]: [Blob]): void {
    if (score.count !== this.weights.length * label.count) {
      throw new Error("Weighted softmax loss needs a label for every pixel of the scores.");
    }
    if (this.gradient.length !== score.count) this.gradient = new Float32Array(score.count);
    loss.reshape(1);
  }

  override forward([score, label]: [Blob, Blob], [loss]: [Blob]): void {
    const { gradient, weights, ignoreLabel } = this;
    const [x, labels] = [score.data, label.data];
    const classes = weights.length;
    const pixels = label.count / score.shape[0]!; // of one image: as far apart two classes lie in x
    let [sum, totalWeight] = [0, 0];
    for (let at = 0; at < labels.length; at++) {
      const l = labels[at]!;
      const first = Math.floor(at / pixels) * classes * pixels + (at % pixels);
      const end = first + classes * pixels;
      if (l === ignoreLabel) {
        for (let i = first; i < end; i += pixels) gradient[i] = 0;
        continue;
      }
      const w = weights[l];
      if (w === undefined) throw new Error(`Label ${l} is not from 0 to ${classes - 1}.`);
      let max = Number.NEGATIVE_INFINITY;
      for (let i = first; i < end; i += pixels) max = Math.max(max, x[i]!);
      let total = 0;
      for (let i = first; i < end; i += pixels) {
        gradient[i] = Math.exp(x[i]! - max);
        total += gradient[i]!;
      }
      for (let i = first; i < end; i += pixels) gradient[i]! *= w / total;
      gradient[first + l * pixels]! -= w;
      sum += w * (Math.log(total) + max - x[first + l * pixels]!);
      totalWeight += w;
    }
    this.totalWeight = totalWeight;
    loss.set(totalWeight > 0 ? sum / totalWeight : 0);
  }

  override backward([loss]: [Blob], [scoreWanted]: boolean[], [score]: [Blob, Blob]): void {
    if (!scoreWanted) return;
    const scale = this.totalWeight > 0 ? loss.diff[0]! / this.totalWeight : 0;
    const dx = score.diff;
    for (let i = 0; i < dx.length; i++) dx[i] = scale * this.gradient[i]!;
  }
}

interface Settings {
  readonly weights?: number[] | Readonly<Record<string, number>>;
  readonly ignore_label?: number;
}
