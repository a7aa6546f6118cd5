/** @file The webgpu device: our own WGSL kernels on Dawn. */
import { CaffeError } from "../../errors.ts";
import { type CpuOptions, defaultCpuDevice } from "../cpu/cpu-device.ts";
import type { Device } from "../device.ts";
import { type AdapterChoice, type FoundAdapter, findAdapter } from "./adapter.ts";
import { Gpu } from "./gpu.ts";
import { kernels } from "./kernels/index.ts";
import { createLossLog } from "./losses.ts";
import { createUpdater } from "./updater.ts";

/** Limits that are asked for as high as the adapter goes; the default ones do not hold fc6's weights. */
const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
] as const satisfies readonly (keyof GPUSupportedLimits)[];

/** A webgpu device, and what it runs on. */
export interface WebGpuDevice extends Device {
  readonly adapter: FoundAdapter;
  readonly gpu: Gpu;
}

/**
 * Opens the GPU. Layers without a kernel run on the host, with the CPU device's threads.
 * @throws CaffeError that says why there is none
 */
export async function openWebGpuDevice(
  options: CpuOptions & AdapterChoice = {},
): Promise<WebGpuDevice> {
  const found = await findAdapter(options);
  const { limits } = found.adapter;
  const device = await found.adapter
    .requestDevice({
      // For test/bench/roofline.mjs.
      requiredFeatures: found.adapter.features.has("timestamp-query") ? ["timestamp-query"] : [],
      requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, limits[name]])),
    })
    .catch((error: unknown) => {
      throw new CaffeError("no-gpu", `the GPU "${found.name}" does not open: ${String(error)}`);
    });
  const cpu = defaultCpuDevice(options);
  const gpu = new Gpu(device, cpu.heap, found.instance);
  return {
    name: "webgpu",
    hardware: found.isSoftware ? `${found.name}: software, no GPU` : found.name,
    adapter: found,
    gpu,
    heap: cpu.heap,
    engine: cpu.engine,
    kernel: (request) => kernels[request.type]?.(gpu, request),
    remote: {
      counts: gpu.counts,
      needsSync: true,
      largestBlob: gpu.largestBlob,
      createLossLog: () => createLossLog(gpu),
      createUpdater: (...request) => createUpdater(gpu, ...request),
      submit: () => gpu.keepPace(),
      finish: () => gpu.finish(),
    },
    dispose: () => gpu.dispose(),
  };
}
