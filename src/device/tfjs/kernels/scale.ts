/** @file Scale and Bias: a small blob spread over a large one. */
import type { Blob } from "../../../core/blob.ts";
import { count } from "../../../core/shape.ts";
import type { Tensor } from "../../../core/tensor.ts";
import { withDefaults } from "../../../schema/index.ts";
import { type KernelFactory, Slot, tensorKernel } from "./kernel.ts";

/** How the small blob lies in the large one: (outer, dim, inner) meets (dim). */
function layoutOf(large: Blob, small: Blob, axis: number): [number, number, number] {
  const start = small.shape.length === 0 ? 0 : axis < 0 ? axis + large.shape.length : axis;
  const inner = count(large.shape, start + small.shape.length);
  return [count(large.shape, 0, start), small.count, inner];
}

/** y[o, d, i] = x[o, d, i] s[d] + b[d], as src/layers/scale.ts has it. */
export const scale: KernelFactory = (tensors, request) => {
  const { tf } = tensors;
  const { layer, bottomBlobs } = request;
  const { axis, biasTerm } = withDefaults("ScaleParameter", request.param.scaleParam);
  const isLearned = bottomBlobs.length === 1;
  const bias = biasTerm ? layer.blobs.at(-1)! : undefined;
  const scaleOf = (bottoms: readonly Blob[]) => (isLearned ? layer.blobs[0]! : bottoms[1]!);
  // In place, y takes the room of x, which the gradient of the scale needs.
  const kept = new Slot(tensors);
  return tensorKernel(tensors, request, {
    forward(bottoms, [top]) {
      const [bottom] = bottoms;
      const small = scaleOf(bottoms);
      const layout = layoutOf(bottom!, small, axis);
      const x = tensors.data(bottom!, layout);
      if (bottom === top) kept.set(x);
      const y = tf.mul(x, tensors.data(small, [1, small.count, 1]));
      tensors.setData(top!, bias ? tf.add(y, tensors.data(bias, [1, bias.count, 1])) : y);
    },
    backward([top], propagateDown, bottoms) {
      const [bottom] = bottoms;
      const small = scaleOf(bottoms);
      const layout = layoutOf(bottom!, small, axis);
      const dy = tensors.diff(top!, layout);
      const wanted = layer.paramPropagateDown;
      const sums = (values: Tensor, of: Blob) => tf.reshape(tf.sum(values, [0, 2]), [...of.shape]);
      if (bias && wanted?.[layer.blobs.length - 1]) tensors.addDiff(bias, sums(dy, bias));
      if (isLearned ? wanted?.[0] : propagateDown[1]) {
        const x = bottom === top ? kept.tensor : tensors.data(bottom!, layout);
        const gradient = sums(tf.mul(dy, x), small);
        if (isLearned) tensors.addDiff(small, gradient);
        else tensors.setDiff(small, gradient);
      }
      if (!propagateDown[0]) return;
      tensors.setDiff(bottom!, tf.mul(dy, tensors.data(small, [1, small.count, 1])));
    },
    dispose: () => kept.dispose(),
  });
};

/** y[o, d, i] = x[o, d, i] + b[d], as src/layers/bias.ts has it; a single number is the host's. */
export const bias: KernelFactory = (tensors, request) => {
  const { tf } = tensors;
  const { layer, bottomBlobs } = request;
  const { axis } = withDefaults("BiasParameter", request.param.biasParam);
  const isLearned = bottomBlobs.length === 1;
  if ((layer.blobs[0] ?? bottomBlobs[1]!).count === 1) return undefined;
  const biasOf = (bottoms: readonly Blob[]) => (isLearned ? layer.blobs[0]! : bottoms[1]!);
  return tensorKernel(tensors, request, {
    forward(bottoms, [top]) {
      const small = biasOf(bottoms);
      const x = tensors.data(bottoms[0]!, layoutOf(bottoms[0]!, small, axis));
      tensors.setData(top!, tf.add(x, tensors.data(small, [1, small.count, 1])));
    },
    backward([top], propagateDown, bottoms) {
      const small = biasOf(bottoms);
      const dy = tensors.diff(top!, layoutOf(bottoms[0]!, small, axis));
      if (isLearned ? layer.paramPropagateDown?.[0] : propagateDown[1]) {
        const gradient = tf.reshape(tf.sum(dy, [0, 2]), [...small.shape]);
        if (isLearned) tensors.addDiff(small, gradient);
        else tensors.setDiff(small, gradient);
      }
      if (propagateDown[0] && bottoms[0] !== top) tensors.setDiff(bottoms[0]!, dy);
    },
  });
};
