/** @file Arithmetic on the heap, with threads. */
export { createEngine } from "./engine.ts";
export type { KernelBuild } from "./kernels.ts";
export type { EngineOptions } from "./runtime.ts";
