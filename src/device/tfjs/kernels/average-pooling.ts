/** @file Average pooling as matrix products. */
import type { PoolingWindow } from "../../../core/engine.ts";
import type { Tensor, TensorFlow } from "../../../core/tensor.ts";
import type { LayerKernel } from "../../device.ts";
import type { Tensors } from "../tensors.ts";
import { Slot } from "./kernel.ts";
import type { WindowFor } from "./pooling.ts";

/**
 * The mean over a window is a mean over its rows of means over its columns, and so is what of its area lies
 * in the padding: y = R x C^T for each plane x, with a matrix for the rows and one for the columns.
 */
export function averagePooling(tensors: Tensors, windowFor: WindowFor): LayerKernel {
  const { tf } = tensors;
  const rows = new Slot(tensors);
  const columns = new Slot(tensors);
  // A window without area has the mean NaN, and gives no gradient.
  const gradientRows = new Slot(tensors);
  const gradientColumns = new Slot(tensors);
  const slots = [rows, columns, gradientRows, gradientColumns];
  let w: PoolingWindow;
  return {
    reshape([bottom]) {
      w = windowFor(bottom!.shape);
      const ofRows = (empty: number) =>
        tf.tensor(means(w.height, w.pooledHeight, w.kernelH, w.strideH, w.padH, empty), [
          w.pooledHeight,
          w.height,
        ]);
      const ofColumns = (empty: number) =>
        tf.tensor(means(w.width, w.pooledWidth, w.kernelW, w.strideW, w.padW, empty), [
          w.pooledWidth,
          w.width,
        ]);
      rows.set(ofRows(Number.NaN));
      columns.set(ofColumns(Number.NaN));
      gradientRows.set(ofRows(0));
      gradientColumns.set(ofColumns(0));
    },
    forward([bottom], [top]) {
      const x = tensors.data(bottom!, [w.planes, w.height, w.width]);
      tensors.setData(top!, betweenMatrices(tf, x, rows.tensor, columns.tensor));
    },
    backward([top], propagateDown, [bottom]) {
      if (!propagateDown[0]) return;
      const dy = tensors.diff(top!, [w.planes, w.pooledHeight, w.pooledWidth]);
      const [r, c] = [tf.transpose(gradientRows.tensor), tf.transpose(gradientColumns.tensor)];
      tensors.setDiff(bottom!, betweenMatrices(tf, dy, r, c));
    },
    dispose() {
      for (const slot of slots) slot.dispose();
    },
  };
}

/** R x C^T for each plane of x (planes, height, width). */
export function betweenMatrices(tf: TensorFlow, x: Tensor, r: Tensor, c: Tensor): Tensor {
  const [planes, height, width] = x.shape as [number, number, number];
  const narrow = tf.matMul(tf.reshape(x, [planes * height, width]), c, false, true);
  const byPlane = tf.reshape(narrow, [planes, height, c.shape[0]!]);
  return tf.matMul(tf.expandDims(r, 0), byPlane);
}

/**
 * (pooled, size): what each value counts in each mean, over the window and what it has of the padding.
 * Where that is nothing, all values count `empty`.
 */
function means(
  size: number,
  pooled: number,
  kernel: number,
  stride: number,
  pad: number,
  empty: number,
): Float32Array {
  const matrix = new Float32Array(pooled * size);
  for (let p = 0; p < pooled; p++) {
    const start = p * stride - pad;
    const length = Math.min(start + kernel, size + pad) - start;
    const end = Math.min(start + kernel, size);
    if (length === 0) matrix.fill(empty, p * size, (p + 1) * size);
    for (let i = Math.max(start, 0); i < end; i++) matrix[p * size + i] = 1 / length;
  }
  return matrix;
}
