/** @file PReLU, whose slopes are learned. */
import { type Shape, count } from "../../../core/shape.ts";
import { type KernelFactory, Slot, tensorKernel } from "./kernel.ts";

/** y = max(x, 0) + a[c] min(x, 0), as src/layers/prelu.ts has it. */
export const prelu: KernelFactory = (tensors, request) => {
  const { tf } = tensors;
  const { layer } = request;
  const slopes = layer.blobs[0]!;
  // In place, y takes the room of x, which the gradient of the slopes needs.
  const kept = new Slot(tensors);
  const spread = (shape: Shape): number[] => (slopes.count === 1 ? [1, 1, 1] : [1, shape[1]!, 1]);
  const view = (shape: Shape): number[] => [shape[0]!, shape[1]!, count(shape, 2)];
  return tensorKernel(tensors, request, {
    forward([x], [y]) {
      const values = tensors.data(x!, view(x!.shape));
      const a = tensors.data(slopes, spread(x!.shape));
      if (x === y) kept.set(values);
      tensors.setData(y!, tf.where(tf.greater(values, 0), values, tf.mul(values, a)));
    },
    backward([y], propagateDown, [x]) {
      const shape = view(x!.shape);
      const values = x === y ? kept.tensor : tensors.data(x!, shape);
      const dy = tensors.diff(y!, shape);
      const isPositive = tf.greater(values, 0);
      if (layer.paramPropagateDown?.[0]) {
        const products = tf.where(isPositive, tf.zerosLike(dy), tf.mul(dy, values));
        const sums = slopes.count === 1 ? tf.sum(products) : tf.sum(products, [0, 2]);
        tensors.addDiff(slopes, tf.reshape(sums, [...slopes.shape]));
      }
      if (!propagateDown[0]) return;
      const a = tensors.data(slopes, spread(x!.shape));
      tensors.setDiff(x!, tf.where(isPositive, dy, tf.mul(dy, a)));
    },
    dispose: () => kept.dispose(),
  });
};
