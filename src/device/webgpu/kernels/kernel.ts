/** @file What a kernel is made of: tasks for one shape of its blobs. */
import type { Blob } from "../../../core/blob.ts";
import type { KernelRequest, LayerKernel } from "../../device.ts";
import type { Gpu } from "../gpu.ts";
import { type Scratch, scratchOf } from "../scratch.ts";
import { type Task, type TaskSpec, createTask } from "../task.ts";

export type { Scratch };

/** Makes the kernel of a layer, or `undefined` for a variant that the host has to run. */
export type KernelFactory = (gpu: Gpu, request: KernelRequest) => LayerKernel | undefined;

/** The gradient of one learnable blob: one way to write it, one to add to what is there. */
export interface ParameterGradient {
  readonly blob: Blob;
  readonly write: readonly TaskSpec<string>[];
  readonly add: readonly TaskSpec<string>[];
}

/** What a layer does at one shape; each list runs in order. */
export interface KernelTasks {
  readonly forward: readonly TaskSpec<string>[];
  /** For each bottom, what writes its gradient. */
  readonly bottoms?: readonly (readonly TaskSpec<string>[])[];
  /** For each learnable blob, in the layer's order; `undefined` where it learns nothing. */
  readonly params?: readonly (ParameterGradient | undefined)[];
  /** What runs in a backward pass before the others, such as a sum that several of them use. */
  readonly backward?: readonly TaskSpec<string>[];
}

/** The kernel of a layer with class labels; a label of no class must make its first top NaN. */
export function labelledKernel(...args: Parameters<typeof shapedKernel>): LayerKernel {
  return Object.assign(shapedKernel(...args), { trustsLabels: true });
}

/** A kernel whose tasks are made anew for each shape of its blobs. */
export function shapedKernel(
  gpu: Gpu,
  build: (bottoms: readonly Blob[], tops: readonly Blob[], scratch: Scratch) => KernelTasks,
): LayerKernel {
  const { scratch, bytes, release } = scratchOf(gpu);
  let forward: readonly Task[] = [];
  let before: readonly Task[] = [];
  let bottoms: readonly (readonly Task[])[] = [];
  let params: readonly (
    | { blob: Blob; write: readonly Task[]; add: readonly Task[] }
    | undefined
  )[] = [];
  const prepare = (specs: readonly TaskSpec<string>[] = []) =>
    specs.map((spec) => createTask(gpu, spec));
  return {
    get scratchBytes() {
      return bytes();
    },
    reshape(bottomBlobs, topBlobs) {
      release();
      const tasks = build(bottomBlobs, topBlobs, scratch);
      forward = prepare(tasks.forward);
      before = prepare(tasks.backward);
      bottoms = (tasks.bottoms ?? []).map(prepare);
      params = (tasks.params ?? []).map(
        (param) =>
          param && { blob: param.blob, write: prepare(param.write), add: prepare(param.add) },
      );
    },
    forward() {
      for (const task of forward) task.run();
    },
    backward(_tops, propagateDown) {
      for (const task of before) task.run();
      for (const param of params) {
        if (!param) continue;
        for (const task of param.blob.takeClearedDiff() ? param.write : param.add) task.run();
      }
      for (let i = 0; i < bottoms.length; i++) {
        if (!propagateDown[i]) continue;
        for (const task of bottoms[i]!) task.run();
      }
    },
    dispose: release,
  };
}
