import { type Blob, Layer } from "cortado";

/**
 * Calculates the Dice coefficient of two classes: how well the predicted area and the area of the
 * label overlap, 2 |P and L| / (|P| + |L|) for each image, as the mean over the batch.
 *
 * 1 is a perfect match, 0 a complete mismatch. An image with neither a predicted nor a labelled
 * pixel gives 0 / 0 and so NaN, as numpy has it.
 *
 * - Bottoms: scores (N, 2, H, W); label (N, 1, H, W), each 0 or 1.
 * - Top: the coefficient (1).
 *
 *     layer {
 *       name: "dice"  type: "Python"  bottom: "score"  bottom: "label"  top: "dice"
 *       python_param { module: "dice"  layer: "Dice" }
 *       exclude { stage: "deploy" }
 *     }
 */
export class Dice extends Layer {
  sumAxes: number[] = [];

  override setup(bottom: Blob[]): void {
    if (bottom.length !== 2) {
      throw new Error("Need two inputs to compute Dice coefficient.");
    }
    // compute sum over all axes but the batch and channel axes
    this.sumAxes = bottom[0]!.shape.map((_, axis) => axis).slice(1, -1);
  }

  override reshape(bottom: [Blob, Blob], top: [Blob]): void {
    // check input dimensions match
    if (bottom[0].count !== 2 * bottom[1].count) {
      throw new Error("Prediction must have twice the number of elements of the input.");
    }
    // loss output is scalar
    top[0].reshape(1);
  }

  override forward(bottom: [Blob, Blob], top: [Blob]): void {
    const label = bottom[1].tensor().slice([0, 0], [-1, 1]).squeeze([1]);
    // compute prediction: of equal scores, the first
    const prediction = bottom[0].tensor().argMax(1);
    // area of predicted contour
    const areaP = prediction.sum(this.sumAxes);
    // area of contour in label
    const areaL = label.sum(this.sumAxes);
    // area of intersection
    const areaPL = prediction.mul(label).sum(this.sumAxes);
    // dice coefficient
    const diceCoefficient = areaPL.mul(2).div(areaP.add(areaL)).mean();
    top[0].set(diceCoefficient);
  }

  override backward(): void {}
}
