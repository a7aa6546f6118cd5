/** @file Pooling with Caffe's windows; TensorFlow.js's own loses the gradient of sizes that are rounded up. */
import type { PoolingWindow } from "../../../core/engine.ts";
import type { Tensor } from "../../../core/tensor.ts";
import { poolingSetting, poolingWindow } from "../../../layers/support/pooling-window.ts";
import { withDefaults } from "../../../schema/index.ts";
import type { LayerKernel } from "../../device.ts";
import type { Tensors } from "../tensors.ts";
import { type KernelFactory, Slot, tensorKernel } from "./kernel.ts";

const FLT_MAX = 2 ** 128 * (1 - 2 ** -24);

/** Windows with more values than this are the host's: each value is an operation. */
const MOST_TAPS = 64;

export const pooling: KernelFactory = (tensors, request) => {
  const { param, topBlobs, bottomBlobs, propagateDown } = request;
  const { pool } = withDefaults("PoolingParameter", param.poolingParam);
  const fail = (problem: string): never => {
    throw new Error(`internal: ${problem}`);
  };
  const setting = poolingSetting({ param, fail });
  const windowFor = (shape: readonly number[]) => poolingWindow({ fail }, setting, shape);
  if (pool === "AVE") return tensorKernel(tensors, request, average(tensors, windowFor));
  const { kernelH, kernelW } = windowFor(bottomBlobs[0]!.shape);
  if (topBlobs.length > 1 || kernelH * kernelW > MOST_TAPS) return undefined;
  const passes = maximum(tensors, windowFor, propagateDown[0] === true);
  return tensorKernel(tensors, request, passes);
};

type WindowFor = (shape: readonly number[]) => PoolingWindow;

/**
 * The sum over a window, divided by its area, is a sum over rows of sums over columns; area and window are
 * products too. So y = R x C^T with one matrix for the rows and one for the columns.
 */
function average(tensors: Tensors, windowFor: WindowFor): LayerKernel {
  const { tf } = tensors;
  const rows = new Slot(tensors);
  const columns = new Slot(tensors);
  let w: PoolingWindow;
  return {
    reshape([bottom]) {
      w = windowFor(bottom!.shape);
      rows.set(
        tf.tensor(means(w.height, w.pooledHeight, w.kernelH, w.strideH, w.padH), [
          1,
          w.pooledHeight,
          w.height,
        ]),
      );
      columns.set(
        tf.tensor(means(w.width, w.pooledWidth, w.kernelW, w.strideW, w.padW), [
          w.pooledWidth,
          w.width,
        ]),
      );
    },
    forward([bottom], [top]) {
      const x = tensors.data(bottom!, [w.planes * w.height, w.width]);
      const narrow = tf.matMul(x, columns.tensor, false, true);
      const planes = tf.reshape(narrow, [w.planes, w.height, w.pooledWidth]);
      tensors.setData(top!, tf.matMul(rows.tensor, planes));
    },
    backward([top], propagateDown, [bottom]) {
      if (!propagateDown[0]) return;
      const dy = tensors.diff(top!, [w.planes * w.pooledHeight, w.pooledWidth]);
      const wide = tf.matMul(dy, columns.tensor);
      const planes = tf.reshape(wide, [w.planes, w.pooledHeight, w.width]);
      tensors.setDiff(bottom!, tf.matMul(rows.tensor, planes, true, false));
    },
    dispose() {
      rows.dispose();
      columns.dispose();
    },
  };
}

/** (pooled, size): what each value counts in each mean. A mean is over the window and the padding in it. */
function means(
  size: number,
  pooled: number,
  kernel: number,
  stride: number,
  pad: number,
): Float32Array {
  const matrix = new Float32Array(pooled * size);
  for (let p = 0; p < pooled; p++) {
    const start = p * stride - pad;
    const area = Math.min(start + kernel, size + pad) - start;
    const end = Math.min(start + kernel, size);
    for (let i = Math.max(start, 0); i < end; i++) matrix[p * size + i] = 1 / area;
  }
  return matrix;
}

/**
 * The maximum over the values at each place of the window, which are slices of the padded image. Of equal
 * ones the first counts, as in Caffe; TensorFlow's own gradient is not so sure of that on a GPU.
 */
function maximum(tensors: Tensors, windowFor: WindowFor, hasGradient: boolean): LayerKernel {
  const { tf } = tensors;
  /** Which place of the window each maximum comes from. */
  const chosen = new Slot(tensors);
  /** The place in the padded images that each window starts at. */
  const starts = new Slot(tensors);
  let w: PoolingWindow;
  let padded: readonly [number, number] = [0, 0];

  const taps = (x: Tensor): Tensor[] => {
    const { planes, kernelH, kernelW, strideH, strideW, pooledHeight, pooledWidth } = w;
    return Array.from({ length: kernelH * kernelW }, (_, tap) => {
      const [i, j] = [Math.floor(tap / kernelW), tap % kernelW];
      const end = [i + (pooledHeight - 1) * strideH + 1, j + (pooledWidth - 1) * strideW + 1];
      return tf.stridedSlice(x, [0, i, j], [planes, ...end], [1, strideH, strideW]);
    });
  };

  return {
    reshape([bottom]) {
      w = windowFor(bottom!.shape);
      padded = [
        Math.max(w.padH + w.height, (w.pooledHeight - 1) * w.strideH + w.kernelH),
        Math.max(w.padW + w.width, (w.pooledWidth - 1) * w.strideW + w.kernelW),
      ];
      if (hasGradient)
        starts.set(
          tf.tensor(startsOf(w, padded), [w.planes, w.pooledHeight, w.pooledWidth], "int32"),
        );
    },
    forward([bottom], [top]) {
      const { planes, height, width, padH, padW } = w;
      const x = tensors.data(bottom!, [planes, height, width]);
      const margins: [number, number][] = [
        [0, 0],
        [padH, padded[0] - padH - height],
        [padW, padded[1] - padW - width],
      ];
      const values = taps(tf.pad(x, margins, -FLT_MAX));
      if (!hasGradient) {
        tensors.setData(
          top!,
          values.reduce((a, b) => tf.maximum(a, b)),
        );
        return;
      }
      const all = tf.stack(values, 3);
      chosen.set(tf.argMax(all, 3));
      tensors.setData(top!, tf.max(all, 3));
    },
    backward([top], propagateDown, [bottom]) {
      if (!propagateDown[0]) return;
      const { planes, height, width, padH, padW, kernelW } = w;
      const columns = tf.scalar(kernelW, "int32");
      const row = tf.floorDiv(chosen.tensor, columns);
      const column = tf.sub(chosen.tensor, tf.mul(row, columns));
      const offset = tf.add(tf.mul(row, tf.scalar(padded[1], "int32")), column);
      const places = tf.reshape(tf.add(starts.tensor, offset), [-1, 1]);
      const dy = tensors.diff(top!, [top!.count]);
      const sums = tf.scatterND(places, dy, [planes * padded[0] * padded[1]]);
      const image = tf.reshape(sums, [planes, ...padded]);
      tensors.setDiff(bottom!, tf.slice(image, [0, padH, padW], [planes, height, width]));
    },
    dispose() {
      chosen.dispose();
      starts.dispose();
    },
  };
}

function startsOf(w: PoolingWindow, [rows, columns]: readonly [number, number]): Int32Array {
  const starts = new Int32Array(w.planes * w.pooledHeight * w.pooledWidth);
  let at = 0;
  for (let plane = 0; plane < w.planes; plane++) {
    for (let i = 0; i < w.pooledHeight; i++) {
      for (let j = 0; j < w.pooledWidth; j++, at++) {
        starts[at] = (plane * rows + i * w.strideH) * columns + j * w.strideW;
      }
    }
  }
  return starts;
}
