/** @file InnerProduct. */
import type { Blob } from "../../../core/blob.ts";
import { count } from "../../../core/shape.ts";
import { withDefaults } from "../../../schema/index.ts";
import { type KernelFactory, tensorKernel } from "./kernel.ts";

/** y = x w^T + b, as src/layers/inner-product.ts has it. */
export const innerProduct: KernelFactory = (tensors, request) => {
  const { tf } = tensors;
  const { layer, param } = request;
  const { transpose } = withDefaults("InnerProductParameter", param.innerProductParam);
  const [weight, bias] = layer.blobs as [Blob, Blob?];
  const [N, K] = transpose
    ? [weight.shape[1]!, weight.shape[0]!]
    : (weight.shape as [number, number]);
  let M = 0;
  return tensorKernel(tensors, request, {
    reshape([bottom]) {
      M = count(bottom!.shape) / K;
    },
    forward([bottom], [top]) {
      const y = tf.matMul(tensors.data(bottom!, [M, K]), tensors.data(weight), false, !transpose);
      tensors.setData(top!, bias ? tf.add(y, tensors.data(bias, [1, N])) : y);
    },
    backward([top], propagateDown, [bottom]) {
      const dy = tensors.diff(top!, [M, N]);
      if (layer.paramPropagateDown?.[0]) {
        const x = tensors.data(bottom!, [M, K]);
        const [a, b] = transpose ? [x, dy] : [dy, x];
        tensors.addDiff(weight, tf.matMul(a, b, true, false));
      }
      if (bias && layer.paramPropagateDown?.[1]) tensors.addDiff(bias, tf.sum(dy, 0));
      if (!propagateDown[0]) return;
      tensors.setDiff(bottom!, tf.matMul(dy, tensors.data(weight), false, transpose));
    },
  });
};
