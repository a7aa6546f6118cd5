/**
 * @file TensorFlow.js as the array library of custom layers: tfjs-core with its cpu backend, its
 * gradients and its chained operations, loaded when a layer first asks for it.
 */
/// <reference types="@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js" preserve="true" />
import { createRequire } from "node:module";
import type { Tensor } from "@tensorflow/tfjs-core";
import { argMaxKernel } from "./arg-max-kernel.ts";
import type { Shape } from "./shape.ts";

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

/** What a blob can be filled with: its values in C order, a tensor of as many values, or one number for all. */
export type BlobContent = number | ArrayLike<number> | Tensor;

export function isTensor(values: BlobContent): values is Tensor {
  return typeof values === "object" && "dataSync" in values;
}

/** tfjs announces itself on the console with its first tensor; that is the only thing muted here. */
function load(): TensorFlow {
  const tf = require("@tensorflow/tfjs-core") as TensorFlow;
  const environment = tf.env();
  const isMuted = environment.getBool("PROD");
  environment.set("PROD", true);
  require("@tensorflow/tfjs-backend-cpu");
  require("./generated/tensorflow-extras.cjs");
  tf.unregisterKernel(argMaxKernel.kernelName, argMaxKernel.backendName);
  tf.registerKernel(argMaxKernel);
  tf.scalar(0).dispose();
  environment.set("PROD", isMuted);
  return tf;
}
