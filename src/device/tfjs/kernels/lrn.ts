/** @file LRN across channels. */
import { count } from "../../../core/shape.ts";
import { withDefaults } from "../../../schema/index.ts";
import { type KernelFactory, Slot, tensorKernel } from "./kernel.ts";

/**
 * y = x s^-beta with s = k + alpha / size * B x^2, as src/layers/lrn.ts has it. B is the matrix that adds up
 * neighbouring channels, so the axes stay where they are; TensorFlow's own LRN wants the channels last.
 *
 *     dx = dy s^-beta - 2 alpha beta / size * x B (dy y / s)
 *
 * Within channels is the host's.
 */
export const lrn: KernelFactory = (tensors, request) => {
  const { tf } = tensors;
  const { localSize, alpha, beta, k, normRegion } = withDefaults(
    "LRNParameter",
    request.param.lrnParam,
  );
  if (normRegion !== "ACROSS_CHANNELS") return undefined;
  const neighbours = new Slot(tensors);
  const scale = new Slot(tensors);
  let shape: number[] = [];
  return tensorKernel(tensors, request, {
    reshape([bottom]) {
      const [images, channels] = bottom!.shape as [number, number];
      shape = [images, channels, count(bottom!.shape, 2)];
      neighbours.set(tf.tensor(band(channels, localSize), [1, channels, channels]));
    },
    forward([bottom], [top]) {
      const x = tensors.data(bottom!, shape);
      const sums = tf.matMul(neighbours.tensor, tf.square(x));
      scale.set(tf.add(tf.mul(sums, tensors.scalar(alpha / localSize)), tensors.scalar(k)));
      tensors.setData(top!, tf.mul(x, tf.pow(scale.tensor, tensors.scalar(-beta))));
    },
    backward([top], propagateDown, [bottom]) {
      if (!propagateDown[0]) return;
      const [x, y, dy] = [
        tensors.data(bottom!, shape),
        tensors.data(top!, shape),
        tensors.diff(top!, shape),
      ];
      const own = tf.mul(dy, tf.pow(scale.tensor, tensors.scalar(-beta)));
      const ratios = tf.matMul(neighbours.tensor, tf.div(tf.mul(dy, y), scale.tensor));
      const others = tf.mul(tf.mul(x, ratios), tensors.scalar((2 * alpha * beta) / localSize));
      tensors.setDiff(bottom!, tf.sub(own, others));
    },
    dispose() {
      neighbours.dispose();
      scale.dispose();
    },
  });
};

/** (channels, channels): 1 where two channels are at most half the size apart. */
function band(channels: number, size: number): Float32Array {
  const half = (size - 1) / 2;
  return Float32Array.from({ length: channels * channels }, (_, i) =>
    Math.abs(Math.floor(i / channels) - (i % channels)) <= half ? 1 : 0,
  );
}
