/** @file TensorFlow.js as array library for custom layers, loaded when a layer first asks for it. */
import { createRequire } from "node:module";
import type { Tensor } from "@tensorflow/tfjs-core";
import type { Shape } from "./shape.ts";

export type { Tensor };

const require = createRequire(import.meta.url);
let tf: typeof import("@tensorflow/tfjs-core") | undefined;

/** TensorFlow.js with its cpu backend. */
export function tensorflow(): typeof import("@tensorflow/tfjs-core") {
  tf ??= require("@tensorflow/tfjs-core") as typeof import("@tensorflow/tfjs-core");
  return tf;
}

export function tensorOf(values: Float32Array, shape: Shape): Tensor {
  return tensorflow().tensor(values.slice(), [...shape]);
}
