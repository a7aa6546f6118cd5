import { type Blob, Layer } from "cortado";

/**
 * Half the mean squared distance of two blobs: Caffe's own example of a loss in Python, and the same
 * as its EuclideanLoss.
 *
 *     loss = sum of (x - t)^2 / (2 N)        dloss/dx = (x - t) / N,  dloss/dt = -(x - t) / N
 *
 * - Bottoms: x, t of equal size; the first axis counts the N items.
 * - Top: the loss (1).
 *
 *     layer {
 *       name: "loss"  type: "Python"  bottom: "pred"  bottom: "target"  top: "loss"
 *       python_param { module: "pyloss"  layer: "EuclideanLossLayer" }
 *       loss_weight: 1
 *     }
 */
export class EuclideanLossLayer extends Layer {
  diff = new Float32Array();

  override setup(bottom: Blob[]): void {
    // check input pair
    if (bottom.length !== 2) {
      throw new Error("Need two inputs to compute distance.");
    }
  }

  override reshape(bottom: [Blob, Blob], top: [Blob]): void {
    // check input dimensions match
    if (bottom[0].count !== bottom[1].count) {
      throw new Error("Inputs must have the same dimension.");
    }
    // difference is shape of inputs
    if (this.diff.length !== bottom[0].count) this.diff = new Float32Array(bottom[0].count);
    // loss output is scalar
    top[0].reshape(1);
  }

  override forward(bottom: [Blob, Blob], top: [Blob]): void {
    const [x, t] = [bottom[0].data, bottom[1].data];
    let sum = 0;
    for (let i = 0; i < this.diff.length; i++) {
      this.diff[i] = x[i]! - t[i]!;
      sum += this.diff[i]! ** 2;
    }
    top[0].set(sum / bottom[0].shape[0]! / 2);
  }

  override backward(top: [Blob], propagateDown: boolean[], bottom: [Blob, Blob]): void {
    for (let i = 0; i < 2; i++) {
      if (!propagateDown[i]) continue;
      const sign = i === 0 ? 1 : -1;
      const scale = (sign * top[0].diff[0]!) / bottom[i]!.shape[0]!;
      const diff = bottom[i]!.diff;
      for (let k = 0; k < diff.length; k++) diff[k] = scale * this.diff[k]!;
    }
  }
}
