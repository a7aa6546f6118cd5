/** @file The layers that the GPU has kernels for, by the prototxt's `type`. */
import type { KernelFactory } from "./kernel.ts";
import { relu } from "./relu.ts";
import { split } from "./split.ts";

export const kernels: Readonly<Record<string, KernelFactory>> = {
  ReLU: relu,
  Split: split,
};
