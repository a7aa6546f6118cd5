/** @file Accuracy. */
import { withDefaults } from "../../../schema/index.ts";
import { type KernelFactory, tensorKernel } from "./kernel.ts";
import { hasBadLabel, isClass, whereCounted } from "./labels.ts";
import { around } from "./softmax.ts";

/** As src/layers/accuracy.ts has it; the accuracy of each class, a second top, is the host's. */
export const accuracy: KernelFactory = (tensors, request) => {
  const { tf } = tensors;
  const { layer, param, topBlobs } = request;
  if (topBlobs.length > 1) return undefined;
  const { axis, topK, ignoreLabel } = withDefaults("AccuracyParameter", param.accuracyParam);
  return tensorKernel(tensors, request, {
    forward([scores, labels], [top]) {
      const view = around(scores!.shape, axis);
      // The host tells which label it is.
      if (hasBadLabel(tensors.hostValues(labels!), view[1], ignoreLabel)) {
        return layer.forward([scores!, labels!], [top!]);
      }
      const x = tensors.data(scores!, view);
      const t = tensors.data(labels!, [view[0], 1, view[2]]);
      const own = tf.sum(tf.where(isClass(tensors, t, view[1]), x, tf.zerosLike(x)), 1, true);
      // Classes as good as the label's count against it, and so does a NaN; it is one of them itself.
      const better = tf.sum(tf.cast(tf.logicalNot(tf.less(x, own)), "float32"), 1, true);
      const isRight = tf.cast(tf.lessEqual(better, topK), "float32");
      const counted = whereCounted(tensors, t, ignoreLabel);
      tensors.setData(top!, tf.divNoNan(tf.sum(tf.mul(isRight, counted)), tf.sum(counted)));
    },
    // It has none: the host says so where one is wanted.
    backward: (tops, propagateDown, bottoms) => layer.backward?.(tops, propagateDown, bottoms),
  });
};
