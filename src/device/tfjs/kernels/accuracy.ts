/** @file Accuracy. */
import { withDefaults } from "../../../schema/index.ts";
import { type KernelFactory, tensorKernel } from "./kernel.ts";
import { hasBadLabel, isClass, whereCounted } from "./labels.ts";
import { around } from "./softmax.ts";

/** As src/layers/accuracy.ts has it. */
export const accuracy: KernelFactory = (tensors, request) => {
  const { tf } = tensors;
  const { layer, param } = request;
  const { axis, topK, ignoreLabel } = withDefaults("AccuracyParameter", param.accuracyParam);
  return tensorKernel(tensors, request, {
    forward([scores, labels], tops) {
      const view = around(scores!.shape, axis);
      // The host tells which label it is.
      if (hasBadLabel(tensors.hostValues(labels!), view[1], ignoreLabel)) {
        return layer.forward([scores!, labels!], tops);
      }
      const x = tensors.data(scores!, view);
      const t = tensors.data(labels!, [view[0], 1, view[2]]);
      const ofLabel = isClass(tensors, t, view[1]);
      const own = tf.sum(tf.where(ofLabel, x, tf.zerosLike(x)), 1, true);
      // Classes as good as the label's count against it; it is one of them itself. NaN is as good as nothing.
      const better = tf.sum(tf.cast(tf.greaterEqual(x, own), "float32"), 1, true);
      const isRight = tf.cast(tf.lessEqual(better, topK), "float32");
      const counted = whereCounted(tensors, t, ignoreLabel);
      const right = tf.mul(isRight, counted);
      if (tops[1]) {
        const labelled = tf.mul(tf.cast(ofLabel, "float32"), counted);
        const rightOnes = tf.sum(tf.mul(labelled, right), [0, 2]);
        tensors.setData(tops[1], tf.divNoNan(rightOnes, tf.sum(labelled, [0, 2])));
      }
      tensors.setData(tops[0]!, tf.divNoNan(tf.sum(right), tf.sum(counted)));
    },
    // It has none: the host says so where one is wanted.
    backward: (tops, propagateDown, bottoms) => layer.backward?.(tops, propagateDown, bottoms),
  });
};
