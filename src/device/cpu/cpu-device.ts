/** @file The CPU device: host code over the WASM kernels of `math/`, which every layer already calls. */
import { Heap } from "../../core/heap.ts";
import { type EngineName, createEngine } from "../../math/index.ts";
import type { Device } from "../device.ts";

export interface CpuOptions {
  /** Threads that share the work; default: one for each core. */
  readonly threads?: number | undefined;
  /**
   * What computes matrix products and convolutions: C ("native"), which `npm install` builds where there
   * is a compiler, or WebAssembly. Default: what CORTADO_ENGINE says, else C where it was built.
   */
  readonly engine?: EngineName | undefined;
}

/**
 * A CPU device with a heap and worker threads of its own; `dispose` ends them.
 * @throws CaffeError for an engine that is not there, or a number of threads that cannot be
 */
export function openCpuDevice(options: CpuOptions = {}): Device {
  const heap = new Heap();
  const engine = createEngine(heap, options);
  return { name: "cpu", heap, engine, kernel: () => undefined, dispose: () => engine.dispose() };
}

const defaults = new Map<string, Device>();

/** The process's own CPU device with these options, opened when first asked for. */
export function defaultCpuDevice(options: CpuOptions = {}): Device {
  const key = `${options.threads} ${options.engine}`;
  let device = defaults.get(key);
  if (!device) {
    device = openCpuDevice(options);
    defaults.set(key, device);
  }
  return device;
}
