/** @file BatchNorm. */
import type { Blob } from "../../../core/blob.ts";
import { count } from "../../../core/shape.ts";
import type { Tensor } from "../../../core/tensor.ts";
import { withDefaults } from "../../../schema/index.ts";
import { type KernelFactory, Slot, tensorKernel } from "./kernel.ts";

/** Each channel to mean 0 and variance 1, as src/layers/batch-norm.ts has it. */
export const batchNorm: KernelFactory = (tensors, request) => {
  const { tf } = tensors;
  const { layer, phase } = request;
  const param = withDefaults("BatchNormParameter", request.param.batchNormParam);
  const { movingAverageFraction: fraction, eps } = param;
  const usesGlobal = param.useGlobalStats ?? phase === "TEST";
  const [means, variances, factor] = layer.blobs as [Blob, Blob, Blob];
  /** y and 1 / sqrt(var + eps) of the last forward pass. */
  const normalized = new Slot(tensors);
  const scales = new Slot(tensors);
  const perChannel = [1, means.count, 1];
  const view = ({ shape }: Blob): number[] => [shape[0]!, shape[1]!, count(shape, 2)];

  /** x - mean, and the variance. */
  function byGlobal(x: Tensor): [Tensor, Tensor] {
    // Without any batch seen, the statistics count as 0.
    const weight = tf.divNoNan(1, tensors.data(factor, [1, 1, 1]));
    const mean = tf.mul(tensors.data(means, perChannel), weight);
    return [tf.sub(x, mean), tf.mul(tensors.data(variances, perChannel), weight)];
  }

  function byBatch(x: Tensor): [Tensor, Tensor] {
    // In two steps: a float32 sum of large values is not accurate, that of what is left is.
    const rough = tf.mean(x, [0, 2], true);
    const almost = tf.sub(x, rough);
    const rest = tf.mean(almost, [0, 2], true);
    const centred = tf.sub(almost, rest);
    const variance = tf.mean(tf.square(centred), [0, 2], true);
    const m = x.size / means.count;
    const unbiased = m > 1 ? m / (m - 1) : 1;
    const carry = (blob: Blob, now: Tensor) =>
      tensors.setData(blob, tf.add(tf.mul(tensors.data(blob, now.shape), fraction), now));
    carry(factor, tf.ones([1]));
    carry(means, tf.reshape(tf.add(rough, rest), [-1]));
    carry(variances, tf.mul(tf.reshape(variance, [-1]), unbiased));
    return [centred, variance];
  }

  return tensorKernel(tensors, request, {
    forward([bottom], [top]) {
      const x = tensors.data(bottom!, view(bottom!));
      const [centred, variance] = usesGlobal ? byGlobal(x) : byBatch(x);
      scales.set(tf.rsqrt(tf.add(variance, eps)));
      const y = tf.mul(centred, scales.tensor);
      if (!usesGlobal) normalized.set(tf.clone(y));
      tensors.setData(top!, y);
    },
    backward([top], propagateDown, [bottom]) {
      if (!propagateDown[0]) return;
      const dy = tensors.diff(top!, view(bottom!));
      if (usesGlobal) {
        tensors.setDiff(bottom!, tf.mul(dy, scales.tensor));
        return;
      }
      const y = normalized.tensor;
      const mean = tf.mean(dy, [0, 2], true);
      const along = tf.mul(y, tf.mean(tf.mul(dy, y), [0, 2], true));
      tensors.setDiff(bottom!, tf.mul(tf.sub(tf.sub(dy, mean), along), scales.tensor));
    },
    dispose() {
      normalized.dispose();
      scales.dispose();
    },
  });
};
