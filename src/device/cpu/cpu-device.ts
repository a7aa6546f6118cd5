/** @file The CPU device: host code over the WASM kernels of `math/`, which every layer already calls. */
import { Heap } from "../../core/heap.ts";
import { createEngine } from "../../math/index.ts";
import type { Device } from "../device.ts";

export interface CpuOptions {
  /** Threads that share the work; default: one for each core. */
  readonly threads?: number | undefined;
}

/** A CPU device with a heap and worker threads of its own; `dispose` ends them. */
export function openCpuDevice({ threads }: CpuOptions = {}): Device {
  const heap = new Heap();
  const engine = createEngine(heap, threads === undefined ? {} : { threads });
  return { name: "cpu", heap, engine, kernel: () => undefined, dispose: () => engine.dispose() };
}

const defaults = new Map<number | undefined, Device>();

/** The process's own CPU device for so many threads, opened when first asked for. */
export function defaultCpuDevice(threads?: number): Device {
  let device = defaults.get(threads);
  if (!device) {
    device = openCpuDevice({ threads });
    defaults.set(threads, device);
  }
  return device;
}
