/** @file Max pooling of slices: one for each place of the window. */
import type { Blob } from "../../../core/blob.ts";
import type { PoolingWindow } from "../../../core/engine.ts";
import type { Tensor } from "../../../core/tensor.ts";
import type { LayerKernel } from "../../device.ts";
import type { Tensors } from "../tensors.ts";
import { Slot } from "./kernel.ts";
import type { WindowFor } from "./pooling.ts";

const FLT_MAX = 2 ** 128 * (1 - 2 ** -24);

/** Whether one window covers all of an image, so that its values lie as they are wanted. */
function isGlobal(w: PoolingWindow): boolean {
  return w.height === w.kernelH && w.width === w.kernelW && w.padH === 0 && w.padW === 0;
}

/** How many slices a window takes. */
export function tapsOf(w: PoolingWindow): number {
  return isGlobal(w) ? 1 : w.kernelH * w.kernelW;
}

/**
 * The maximum of slices of the padded image. Of equal values the first counts, as in Caffe; on a GPU
 * TensorFlow's own gradient is not that definite.
 */
export function maxPooling(
  tensors: Tensors,
  windowFor: WindowFor,
  hasGradient: boolean,
): LayerKernel {
  const { tf } = tensors;
  /** Which place of its window each maximum has; and the place in the padded images that the window starts at. */
  const chosen = new Slot(tensors);
  const starts = new Slot(tensors);
  let w: PoolingWindow;
  let padded: readonly [number, number] = [0, 0];

  /** (planes, H', W', places of the window) */
  function windowsOf(x: Tensor): Tensor {
    const { planes, height, width, kernelH, kernelW, padH, padW, pooledHeight, pooledWidth } = w;
    if (isGlobal(w)) return tf.reshape(x, [planes, 1, 1, height * width]);
    const margins: [number, number][] = [
      [0, 0],
      [padH, padded[0] - padH - height],
      [padW, padded[1] - padW - width],
    ];
    const image = tf.pad(x, margins, -FLT_MAX);
    const slices = Array.from({ length: kernelH * kernelW }, (_, tap) => {
      const [i, j] = [Math.floor(tap / kernelW), tap % kernelW];
      const end = [i + (pooledHeight - 1) * w.strideH + 1, j + (pooledWidth - 1) * w.strideW + 1];
      return tf.stridedSlice(image, [0, i, j], [planes, ...end], [1, w.strideH, w.strideW]);
    });
    return tf.stack(slices, 3);
  }

  /** Row and column in its window of each maximum. */
  function chosenPlace(): [row: Tensor, column: Tensor] {
    const columns = tf.scalar(w.kernelW, "int32");
    const row = tf.floorDiv(chosen.tensor, columns);
    return [row, tf.sub(chosen.tensor, tf.mul(row, columns))];
  }

  /** The second top: where in its plane each maximum was, -1 where the window has no value. */
  function writeMask(top: Blob, maxima: Tensor): void {
    const [row, column] = chosenPlace();
    const { padH, padW, pooledHeight, pooledWidth, strideH, strideW, width } = w;
    const origins = Float32Array.from({ length: pooledHeight * pooledWidth }, (_, at) => {
      const [i, j] = [Math.floor(at / pooledWidth), at % pooledWidth];
      return (i * strideH - padH) * width + j * strideW - padW;
    });
    const inWindow = tf.add(tf.mul(tf.cast(row, "float32"), width), tf.cast(column, "float32"));
    const places = tf.add(inWindow, tf.tensor(origins, [1, pooledHeight, pooledWidth]));
    const isEmpty = tf.equal(maxima, -FLT_MAX);
    tensors.setData(top, tf.where(isEmpty, tf.fill([...maxima.shape], -1), places));
  }

  return {
    reshape([bottom]) {
      w = windowFor(bottom!.shape);
      padded = [
        Math.max(w.padH + w.height, (w.pooledHeight - 1) * w.strideH + w.kernelH),
        Math.max(w.padW + w.width, (w.pooledWidth - 1) * w.strideW + w.kernelW),
      ];
      if (!hasGradient) return;
      const shape = [w.planes, w.pooledHeight, w.pooledWidth];
      starts.set(tf.tensor(startsOf(w, padded), shape, "int32"));
    },
    forward([bottom], [top, mask]) {
      const windows = windowsOf(tensors.data(bottom!, [w.planes, w.height, w.width]));
      const maxima = tf.max(windows, 3);
      if (hasGradient || mask) chosen.set(tf.argMax(windows, 3));
      if (mask) writeMask(mask, maxima);
      tensors.setData(top!, maxima);
    },
    backward([top], propagateDown, [bottom]) {
      if (!propagateDown[0]) return;
      const { planes, height, width, padH, padW } = w;
      const [row, column] = chosenPlace();
      const inImage = tf.add(tf.mul(row, tf.scalar(padded[1], "int32")), column);
      const places = tf.reshape(tf.add(starts.tensor, inImage), [-1, 1]);
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
