/** @file The layers that the GPU has kernels for, by the prototxt's `type`. */
import { alias, split } from "./aliases.ts";
import type { KernelFactory } from "./kernel.ts";
import { relu } from "./relu.ts";

export const kernels: Readonly<Record<string, KernelFactory>> = {
  Flatten: alias,
  ReLU: relu,
  Reshape: alias,
  Split: split,
};
