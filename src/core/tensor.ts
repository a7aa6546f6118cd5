/**
 * @file TensorFlow.js as the array library of custom layers: tfjs-core with its cpu backend, its
 * gradients and its chained operations, loaded when a layer first asks for it.
 */
/// <reference types="@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js" preserve="true" />
import { createRequire } from "node:module";
import type { Tensor } from "@tensorflow/tfjs-core";
import { argMaxKernel } from "./arg-max-kernel.ts";
import type { Heap } from "./heap.ts";
import type { Shape } from "./shape.ts";
import type { SyncedMemory } from "./synced-memory.ts";

export type { Tensor };
export type TensorFlow = typeof import("@tensorflow/tfjs-core");

const require = createRequire(import.meta.url);
let loaded: TensorFlow | undefined;

/** TensorFlow.js, ready to compute; the same instance for cortado and for every custom layer. */
export function tensorflow(): TensorFlow {
  loaded ??= load();
  return loaded;
}

/**
 * A new tensor with a copy of the values (C order).
 * The caller disposes of it, or calls inside `tf.tidy` as the methods of custom layers are.
 */
export function tensorOf(values: Float32Array, shape: Shape): Tensor {
  return tensorflow().tensor(values.slice(), [...shape]);
}

/** A device that keeps what blobs hold as tensors, so that a tensor need not pass the host. */
export interface TensorMemory {
  /** The first values of a memory, the newest ones; the caller disposes of the tensor, or tidies. */
  tensorOf(memory: SyncedMemory, shape: Shape): Tensor;
  /** Makes the tensor's values the newest ones of a memory. The tensor stays the caller's. */
  keep(memory: SyncedMemory, values: Tensor): void;
  /** Adds the tensor's values to those of a memory. */
  add(memory: SyncedMemory, values: Tensor): void;
}

const tensorMemories = new WeakMap<Heap, TensorMemory>();

/** Lets a device keep the tensors that blobs of a heap are set to. */
export function keepTensorsOf(heap: Heap, memory: TensorMemory): void {
  tensorMemories.set(heap, memory);
}

/** What keeps the tensors of a heap's blobs; absent where blobs live on the host or another device. */
export function tensorMemoryOf(heap: Heap): TensorMemory | undefined {
  return tensorMemories.get(heap);
}

/** What a blob can be filled with: its values in C order, a tensor of as many values, or one number for all. */
export type BlobContent = number | ArrayLike<number> | Tensor;

export function isTensor(values: BlobContent): values is Tensor {
  return typeof values === "object" && "dataSync" in values;
}

function load(): TensorFlow {
  const tf = require("@tensorflow/tfjs-core") as TensorFlow;
  quietly(tf, () => {
    require("@tensorflow/tfjs-backend-cpu");
    require("./generated/tensorflow-extras.cjs");
    tf.unregisterKernel(argMaxKernel.kernelName, argMaxKernel.backendName);
    tf.registerKernel(argMaxKernel);
    tf.scalar(0).dispose();
  });
  return tf;
}

/** Loads a backend without what TensorFlow.js says on the console then: an advertisement, and kernels that it has twice. */
export function quietly(tf: TensorFlow, load: () => void): void {
  const environment = tf.env();
  const isMuted = environment.getBool("PROD");
  environment.set("PROD", true);
  try {
    load();
  } finally {
    environment.set("PROD", isMuted);
  }
}
