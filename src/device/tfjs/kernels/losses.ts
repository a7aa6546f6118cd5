/** @file Losses. */
import type { Blob } from "../../../core/blob.ts";
import type { Tensor, TensorFlow } from "../../../core/tensor.ts";
import { type Normalization, normalizationOf } from "../../../layers/support/loss.ts";
import { withDefaults } from "../../../schema/index.ts";
import type { Tensors } from "../tensors.ts";
import { type KernelFactory, Slot, tensorKernel } from "./kernel.ts";
import { hasBadLabel, oneHotOf, whereCounted } from "./labels.ts";
import { around, softmaxOf } from "./softmax.ts";

/** The smallest normal float32 (C's FLT_MIN): what a probability counts at least. */
const FLT_MIN = 2 ** -126;

/** What a summed loss is divided by, at least 1; `counted` has a 1 for each value that counts. */
function divisorOf({ tf }: Tensors, mode: Normalization, outer: number, counted: Tensor): Tensor {
  if (mode === "VALID") return tf.maximum(tf.sum(counted), 1);
  if (mode === "NONE") return tf.scalar(1);
  return tf.scalar(Math.max(1, mode === "BATCH_SIZE" ? outer : counted.size));
}

/** As src/layers/softmax-with-loss.ts has it. */
export const softmaxWithLoss: KernelFactory = (tensors, request) => {
  const { tf } = tensors;
  const { layer, param, topBlobs } = request;
  const { axis } = withDefaults("SoftmaxParameter", param.softmaxParam);
  const mode = normalizationOf(param.lossParam, "VALID");
  const ignored = param.lossParam?.ignoreLabel;
  const probabilities = new Slot(tensors);
  const divisor = new Slot(tensors);
  const isWrong = (view: readonly number[], labels: Float32Array) =>
    hasBadLabel(labels, view[1]!, ignored);
  return tensorKernel(tensors, request, {
    forward([scores, labels], tops) {
      const view = around(scores!.shape, axis);
      // The host tells which label it is.
      if (isWrong(view, tensors.hostValues(labels!)))
        return layer.forward([scores!, labels!], tops);
      const p = softmaxOf(tf, tensors.data(scores!, view));
      const t = tensors.data(labels!, [view[0], 1, view[2]]);
      const counted = whereCounted(tensors, t, ignored);
      const ofLabel = tf.sum(tf.mul(p, oneHotOf(tensors, t, view[1])), 1, true);
      const losses = tf.mul(tf.neg(tf.log(tf.maximum(ofLabel, FLT_MIN))), counted);
      divisor.set(divisorOf(tensors, mode, view[0], counted));
      probabilities.set(p);
      if (topBlobs[1]) tensors.setData(topBlobs[1], tf.clone(p));
      tensors.setData(tops[0]!, tf.div(tf.sum(losses), divisor.tensor));
    },
    backward([top], propagateDown, [scores, labels]) {
      // The host refuses this one.
      if (propagateDown[1]) return layer.backward?.([top!], propagateDown, [scores!, labels!]);
      if (!propagateDown[0]) return;
      const view = around(scores!.shape, axis);
      const t = tensors.data(labels!, [view[0], 1, view[2]]);
      const weight = tf.div(tensors.diff(top!, []), divisor.tensor);
      const factors = tf.mul(whereCounted(tensors, t, ignored), weight);
      const difference = tf.sub(probabilities.tensor, oneHotOf(tensors, t, view[1]));
      tensors.setDiff(scores!, tf.mul(difference, factors));
    },
    dispose() {
      probabilities.dispose();
      divisor.dispose();
    },
  });
};

/** As src/layers/sigmoid-cross-entropy-loss.ts has it. */
export const sigmoidCrossEntropyLoss: KernelFactory = (tensors, request) => {
  const { tf } = tensors;
  const { layer, param } = request;
  const mode = normalizationOf(param.lossParam, "BATCH_SIZE");
  const ignored = param.lossParam?.ignoreLabel;
  const divisor = new Slot(tensors);
  return tensorKernel(tensors, request, {
    forward([bottom, target], [top]) {
      const x = tensors.data(bottom!);
      const t = tensors.data(target!, x.shape);
      const counted = whereCounted(tensors, t, ignored);
      // The exponent is never positive, so that nothing overflows.
      const rest = tf.log1p(tf.exp(tf.neg(tf.abs(x))));
      const losses = tf.add(tf.sub(tf.relu(x), tf.mul(x, t)), rest);
      divisor.set(divisorOf(tensors, mode, x.shape[0] ?? 1, counted));
      tensors.setData(top!, tf.div(tf.sum(tf.mul(losses, counted)), divisor.tensor));
    },
    backward([top], propagateDown, [bottom, target]) {
      if (propagateDown[1]) return layer.backward?.([top!], propagateDown, [bottom!, target!]);
      if (!propagateDown[0]) return;
      const x = tensors.data(bottom!);
      const t = tensors.data(target!, x.shape);
      const weight = tf.div(tensors.diff(top!, []), divisor.tensor);
      const factors = tf.mul(whereCounted(tensors, t, ignored), weight);
      tensors.setDiff(bottom!, tf.mul(tf.sub(tf.sigmoid(x), t), factors));
    },
    dispose: () => divisor.dispose(),
  });
};

/** A loss of the difference d of two blobs: the sum of of(d) / (divisor N), with of'(d) / divisor = slope(d). */
function distanceLoss(
  of: (tf: TensorFlow, d: Tensor) => Tensor,
  divisor: number,
  slope: (tf: TensorFlow, d: Tensor) => Tensor,
): KernelFactory {
  return (tensors, request) => {
    const { tf } = tensors;
    return tensorKernel(tensors, request, {
      forward([a, b], [top]) {
        const difference = tf.sub(tensors.data(a!), tensors.data(b!, a!.shape));
        tensors.setData(top!, tf.div(tf.sum(of(tf, difference)), divisor * a!.shape[0]!));
      },
      backward([top], propagateDown, [a, b]) {
        const difference = tf.sub(tensors.data(a!), tensors.data(b!, a!.shape));
        const weight = tf.div(tensors.diff(top!, []), a!.shape[0]!);
        const da = tf.mul(slope(tf, difference), weight);
        if (propagateDown[0]) tensors.setDiff(a!, da);
        if (propagateDown[1]) tensors.setDiff(b!, tf.neg(da));
      },
    });
  };
}

/** As src/layers/euclidean-loss.ts has it. */
export const euclideanLoss = distanceLoss(
  (tf, d) => tf.square(d),
  2,
  (_, d) => d,
);

/** As src/layers/l1-loss.ts has it. */
export const l1Loss = distanceLoss(
  (tf, d) => tf.abs(d),
  1,
  (tf, d) => tf.sign(d),
);

/** As src/layers/hinge-loss.ts has it. */
export const hingeLoss: KernelFactory = (tensors, request) => {
  const { tf } = tensors;
  const { layer, param } = request;
  const isL2 = withDefaults("HingeLossParameter", param.hingeLossParam).norm === "L2";

  /** 1 at the label's class and -1 elsewhere, and by how much a score is on the wrong side. */
  function signsAndMargins(scores: Blob, labels: Blob): [Tensor, Tensor] {
    const items = scores.shape[0]!;
    const classes = scores.count / items;
    const t = tensors.data(labels, [items, 1, 1]);
    const oneHot = tf.reshape(oneHotOf(tensors, t, classes), [items, classes]);
    const signs = tf.sub(tf.mul(oneHot, 2), 1);
    const x = tensors.data(scores, [items, classes]);
    return [signs, tf.relu(tf.sub(1, tf.mul(signs, x)))];
  }

  return tensorKernel(tensors, request, {
    forward([scores, labels], [top]) {
      const items = scores!.shape[0]!;
      // The host tells which label it is.
      if (hasBadLabel(tensors.hostValues(labels!), scores!.count / items, undefined)) {
        return layer.forward([scores!, labels!], [top!]);
      }
      const [, margins] = signsAndMargins(scores!, labels!);
      tensors.setData(top!, tf.div(tf.sum(isL2 ? tf.square(margins) : margins), items));
    },
    backward([top], propagateDown, [scores, labels]) {
      if (propagateDown[1]) return layer.backward?.([top!], propagateDown, [scores!, labels!]);
      if (!propagateDown[0]) return;
      const [signs, margins] = signsAndMargins(scores!, labels!);
      const weight = tf.div(tensors.diff(top!, []), -scores!.shape[0]!);
      const slopes = isL2 ? tf.mul(margins, 2) : tf.sign(margins);
      tensors.setDiff(scores!, tf.mul(tf.mul(signs, slopes), weight));
    },
  });
};
