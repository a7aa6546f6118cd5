/** @file LRN. */
import { count } from "../../../core/shape.ts";
import type { Tensor } from "../../../core/tensor.ts";
import { withDefaults } from "../../../schema/index.ts";
import type { Tensors } from "../tensors.ts";
import { betweenMatrices } from "./average-pooling.ts";
import { type KernelFactory, Slot, tensorKernel } from "./kernel.ts";

/** Adds up each value and its neighbours; the matrices for it depend on the shape. */
interface Neighbours {
  reshape(shape: readonly number[]): void;
  /** The shape that `sum` takes. */
  view(shape: readonly number[]): number[];
  sum(x: Tensor): Tensor;
  dispose(): void;
}

/**
 * y = x s^-beta with s = k + alpha / n * (sum of x^2 around), as src/layers/lrn.ts has it. The sums are products
 * with band matrices, so that the axes stay where they are; TensorFlow's own LRN wants channels last, and
 * its alpha is not divided by n.
 *
 *     dx = dy s^-beta - 2 alpha beta / n * x (sum of dy y / s around)
 */
export const lrn: KernelFactory = (tensors, request) => {
  const { tf } = tensors;
  const param = withDefaults("LRNParameter", request.param.lrnParam);
  const { localSize, beta } = param;
  const isAcross = param.normRegion === "ACROSS_CHANNELS";
  const alpha = param.alpha / (isAcross ? localSize : localSize ** 2);
  const k = isAcross ? param.k : 1;
  const around = isAcross ? channels(tensors, localSize) : area(tensors, localSize);
  const scale = new Slot(tensors);
  return tensorKernel(tensors, request, {
    reshape: ([bottom]) => around.reshape(bottom!.shape),
    forward([bottom], [top]) {
      const x = tensors.data(bottom!, around.view(bottom!.shape));
      const sums = around.sum(tf.square(x));
      scale.set(tf.add(tf.mul(sums, tensors.scalar(alpha)), tensors.scalar(k)));
      tensors.setData(top!, tf.mul(x, tf.pow(scale.tensor, tensors.scalar(-beta))));
    },
    backward([top], propagateDown, [bottom]) {
      if (!propagateDown[0]) return;
      const view = around.view(bottom!.shape);
      const [y, dy] = [tensors.data(top!, view), tensors.diff(top!, view)];
      const own = tf.mul(dy, tf.pow(scale.tensor, tensors.scalar(-beta)));
      const sums = around.sum(tf.div(tf.mul(dy, y), scale.tensor));
      const others = tf.mul(tf.mul(tensors.data(bottom!, view), sums), 2 * alpha * beta);
      tensors.setDiff(bottom!, tf.sub(own, others));
    },
    dispose() {
      around.dispose();
      scale.dispose();
    },
  });
};

/** The channels around: one matrix over them. */
function channels(tensors: Tensors, size: number): Neighbours {
  const { tf } = tensors;
  const matrix = new Slot(tensors);
  return {
    reshape: ([, n]) => matrix.set(tf.tensor(band(n!, size), [1, n!, n!])),
    view: (shape) => [shape[0]!, shape[1]!, count(shape, 2)],
    sum: (x) => tf.matMul(matrix.tensor, x),
    dispose: () => matrix.dispose(),
  };
}

/** The square around, within a channel: a matrix over the rows and one over the columns. */
function area(tensors: Tensors, size: number): Neighbours {
  const { tf } = tensors;
  const rows = new Slot(tensors);
  const columns = new Slot(tensors);
  return {
    reshape([, , height, width]) {
      rows.set(tf.tensor(band(height!, size), [height!, height!]));
      columns.set(tf.tensor(band(width!, size), [width!, width!]));
    },
    view: ([images, n, height, width]) => [images! * n!, height!, width!],
    sum: (x) => betweenMatrices(tf, x, rows.tensor, columns.tensor),
    dispose() {
      rows.dispose();
      columns.dispose();
    },
  };
}

/** (n, n): 1 where two indices are at most half the size apart. */
function band(n: number, size: number): Float32Array {
  const half = (size - 1) / 2;
  return Float32Array.from({ length: n * n }, (_, i) =>
    Math.abs(Math.floor(i / n) - (i % n)) <= half ? 1 : 0,
  );
}
