/** @file Softmax. */
import type { Shape } from "../../../core/shape.ts";
import type { Tensor, TensorFlow } from "../../../core/tensor.ts";
import { viewAround } from "../../../layers/support/softmax.ts";
import { withDefaults } from "../../../schema/index.ts";
import { type KernelFactory, tensorKernel } from "./kernel.ts";

/** A shape seen around an axis: (outer, channels, inner). */
export function around(shape: Shape, axis: number): [number, number, number] {
  const view = viewAround(shape, axis < 0 ? axis + shape.length : axis);
  return [view.outer, view.channels, view.inner];
}

/** e^x / sum of e^x along axis 1. TensorFlow.js's own takes the last axis only. */
export function softmaxOf(tf: TensorFlow, x: Tensor): Tensor {
  const e = tf.exp(tf.sub(x, tf.max(x, 1, true)));
  return tf.div(e, tf.sum(e, 1, true));
}

/** Scores to probabilities, as src/layers/softmax.ts has it. */
export const softmax: KernelFactory = (tensors, request) => {
  const { tf } = tensors;
  const { axis } = withDefaults("SoftmaxParameter", request.param.softmaxParam);
  return tensorKernel(tensors, request, {
    forward([bottom], [top]) {
      const x = tensors.data(bottom!, around(bottom!.shape, axis));
      tensors.setData(top!, softmaxOf(tf, x));
    },
    backward([top], propagateDown, [bottom]) {
      if (!propagateDown[0]) return;
      const view = around(bottom!.shape, axis);
      const [y, dy] = [tensors.data(top!, view), tensors.diff(top!, view)];
      tensors.setDiff(bottom!, tf.mul(tf.sub(dy, tf.sum(tf.mul(dy, y), 1, true)), y));
    },
  });
};
