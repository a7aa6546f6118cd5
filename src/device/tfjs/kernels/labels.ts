/** @file Class labels, which are floats in Caffe and cut to integers. */
import type { Tensor } from "../../../core/tensor.ts";
import type { Tensors } from "../tensors.ts";

/** Whether a label is neither a class nor the ignored one. */
export function hasBadLabel(
  labels: Float32Array,
  classes: number,
  ignored: number | undefined,
): boolean {
  for (let i = 0; i < labels.length; i++) {
    const label = Math.trunc(labels[i]!);
    if (label !== ignored && !(label >= 0 && label < classes)) return true;
  }
  return false;
}

/** (outer, 1, inner) -> (outer, classes, inner): 1 at the class of each label. */
export function oneHotOf(tensors: Tensors, labels: Tensor, classes: number): Tensor {
  const { tf } = tensors;
  return tf.cast(isClass(tensors, labels, classes), "float32");
}

/** The same as booleans. */
export function isClass({ tf }: Tensors, labels: Tensor, classes: number): Tensor {
  const all = tf.reshape(tf.range(0, classes, 1, "int32"), [1, classes, 1]);
  return tf.equal(tf.cast(labels, "int32"), all);
}

/** 1 where a label is not the ignored one. */
export function whereCounted({ tf }: Tensors, labels: Tensor, ignored: number | undefined): Tensor {
  if (ignored === undefined) return tf.onesLike(labels);
  const isIgnored = tf.equal(tf.cast(labels, "int32"), tf.scalar(ignored, "int32"));
  return tf.sub(1, tf.cast(isIgnored, "float32"));
}
