/** @file The tfjs device: layers as TensorFlow.js operations, on TensorFlow with a GPU where that is installed. */
import { keepTensorsOf } from "../../core/tensor.ts";
import { type CpuOptions, openCpuDevice } from "../cpu/cpu-device.ts";
import type { Device } from "../device.ts";
import { type BackendChoice, type FoundBackend, loadBackend } from "./backend.ts";
import { kernels } from "./kernels/index.ts";
import { createLossLog } from "./losses.ts";
import { Tensors } from "./tensors.ts";
import { createUpdater } from "./updater.ts";

export interface TfjsOptions extends CpuOptions {
  /** What TensorFlow.js computes with; default: the best that is installed. */
  readonly backend?: BackendChoice | undefined;
}

/** A tfjs device, and what it runs on. */
export interface TfjsDevice extends Device {
  readonly backend: FoundBackend;
  /** The tensors that it keeps, and how to read and write them. */
  readonly tensors: Tensors;
}

/**
 * Opens TensorFlow.js. Layers without a kernel run on the host, with threads of their own.
 * @throws CaffeError where the backend that was asked for is not there
 */
export function openTfjsDevice(options: TfjsOptions = {}): TfjsDevice {
  const backend = loadBackend(options.backend);
  // A heap of its own: the blobs in it take and give tensors, those of the CPU device do not.
  const cpu = openCpuDevice(options);
  const tensors = new Tensors(backend.tf);
  keepTensorsOf(cpu.heap, tensors);
  return {
    name: "tfjs",
    hardware: `${backend.name}${backend.usesGpu ? " on a GPU" : ", no GPU"}`,
    backend,
    tensors,
    heap: cpu.heap,
    engine: cpu.engine,
    kernel: (request) => kernels[request.type]?.(tensors, request),
    remote: {
      counts: tensors.counts,
      needsSync: false,
      createLossLog: () => createLossLog(tensors),
      createUpdater: (...request) => createUpdater(tensors, ...request),
      submit: async () => {},
      finish: async () => waitForDevice(tensors),
    },
    dispose() {
      tensors.dispose();
      cpu.dispose();
    },
  };
}

/** A GPU works in order: when it has given back the last thing that was ordered, all is done. */
function waitForDevice({ tf }: Tensors): void {
  tf.tidy(() => void tf.add(tf.scalar(0), tf.scalar(0)).dataSync());
}
