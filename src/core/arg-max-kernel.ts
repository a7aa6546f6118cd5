/** @file ArgMax for TensorFlow.js's cpu backend: the class of each pixel, without a transposed copy. */
import type { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import type { KernelConfig, TensorInfo } from "@tensorflow/tfjs-core";
import { canonicalAxis, count } from "./shape.ts";

/**
 * Index of the largest value along one axis: of equal ones the first, and of NaN before any number,
 * as numpy has it. tfjs's own kernel moves the axis to the end first, value by value; over the
 * channels of (N, C, H, W) that takes ten times as long.
 */
export const argMaxKernel: KernelConfig = {
  kernelName: "ArgMax",
  backendName: "cpu",
  kernelFunc({ inputs, backend, attrs }) {
    const cpu = backend as MathBackendCPU;
    const { shape, dataId } = inputs.x as TensorInfo;
    const axis = canonicalAxis(shape, Number(attrs?.axis ?? 0)) ?? 0;
    const [outer, size, inner] = [count(shape, 0, axis), shape[axis] ?? 1, count(shape, axis + 1)];
    const indices = argMax(cpu.readSync(dataId) as Float32Array, outer, size, inner);
    return cpu.makeTensorInfo(shape.toSpliced(axis, 1), "int32", indices);
  },
};

/** x (outer, size, inner) -> the index along `size` (outer, inner). */
function argMax(x: Float32Array, outer: number, size: number, inner: number): Int32Array {
  const indices = new Int32Array(outer * inner);
  for (let o = 0; o < outer; o++) {
    for (let k = 1; k < size; k++) {
      for (let i = 0; i < inner; i++) {
        const at = o * inner + i;
        const value = x[(o * size + k) * inner + i]!;
        const best = x[(o * size + indices[at]!) * inner + i]!;
        const isNewNaN = Number.isNaN(value) && !Number.isNaN(best);
        if (value > best || isNewNaN) indices[at] = k;
      }
    }
  }
  return indices;
}
