/** @file Arithmetic on the heap, with threads. */
export { createEngine } from "./engine.ts";
export type { KernelBuild } from "./kernels.ts";
export { nativeProblem } from "./native.ts";
export type { EngineName, EngineOptions } from "./runtime.ts";
