/** @file Pooling. */
import type { PoolingWindow } from "../../../core/engine.ts";
import { poolingSetting, poolingWindow } from "../../../layers/support/pooling-window.ts";
import { withDefaults } from "../../../schema/index.ts";
import { averagePooling } from "./average-pooling.ts";
import { type KernelFactory, tensorKernel } from "./kernel.ts";
import { maxPooling, tapsOf } from "./max-pooling.ts";

/** Maxima over more values than this are the host's: each value is an operation. */
const MOST_TAPS = 64;

/** The windows over a bottom of this shape. */
export type WindowFor = (shape: readonly number[]) => PoolingWindow;

/**
 * As src/layers/pooling.ts has it, without TensorFlow.js's own pooling: the gradient of that forgets that
 * sizes were rounded up, and it knows no windows that are cut at the padding.
 */
export const pooling: KernelFactory = (tensors, request) => {
  const { param, bottomBlobs, propagateDown } = request;
  const { pool } = withDefaults("PoolingParameter", param.poolingParam);
  const fail = (problem: string): never => {
    throw new Error(`internal: ${problem}`);
  };
  const setting = poolingSetting({ param, fail });
  const windowFor: WindowFor = (shape) => poolingWindow({ fail }, setting, shape);
  if (pool === "AVE") return tensorKernel(tensors, request, averagePooling(tensors, windowFor));
  if (tapsOf(windowFor(bottomBlobs[0]!.shape)) > MOST_TAPS) return undefined;
  const passes = maxPooling(tensors, windowFor, propagateDown[0] === true);
  return tensorKernel(tensors, request, passes);
};
