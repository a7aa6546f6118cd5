/** @file Devices by name. */
import { CaffeError, UsageError } from "../errors.ts";
import { type CpuOptions, defaultCpuDevice } from "./cpu/cpu-device.ts";
import type { Device } from "./device.ts";
import type { TfjsDevice } from "./tfjs/tfjs-device.ts";
import type { WebGpuDevice } from "./webgpu/webgpu-device.ts";

export { type CpuOptions, defaultCpuDevice, openCpuDevice } from "./cpu/cpu-device.ts";
export type {
  Device,
  DeviceUpdater,
  KernelRequest,
  LayerKernel,
  Remote,
  TransferCounts,
  UpdatedParameter,
} from "./device.ts";
export { ExecutionPlan, type PlannedLayer, type StepTimer } from "./plan.ts";

/** What a caller may ask for: a name, or a device that is open already. */
export type DeviceChoice = "auto" | "cpu" | "webgpu" | "tfjs" | Device;

/**
 * Opens the device that was asked for; "auto" takes a GPU where there is a real one, and the CPU else.
 * @throws CaffeError that says why a device is not there, UsageError for a name that is none
 */
export async function resolveDevice(
  choice: DeviceChoice = "cpu",
  threads?: number,
): Promise<Device> {
  if (typeof choice === "object") return choice;
  if (choice === "cpu") return defaultCpuDevice({ threads });
  if (choice === "webgpu") return defaultWebGpuDevice({ threads });
  if (choice === "auto") return (await realGpu(threads)) ?? defaultCpuDevice({ threads });
  if (choice === "tfjs") return defaultTfjsDevice({ threads });
  throw new UsageError(`there is no device "${choice}"; use "auto", "cpu", "webgpu" or "tfjs"`);
}

/** A GPU that is no software; loads the webgpu package only here. */
async function realGpu(threads: number | undefined): Promise<Device | undefined> {
  try {
    const device = await defaultWebGpuDevice({ threads });
    return device.adapter.isSoftware ? undefined : device;
  } catch (error) {
    if (error instanceof CaffeError) return undefined;
    throw error;
  }
}

const webGpuDevices = new Map<string, Promise<WebGpuDevice>>();

/** The process's own GPU device, opened when first asked for. */
function defaultWebGpuDevice(options: CpuOptions): Promise<WebGpuDevice> {
  const key = String(options.threads);
  let device = webGpuDevices.get(key);
  if (!device) {
    device = import("./webgpu/webgpu-device.ts").then((module) => module.openWebGpuDevice(options));
    webGpuDevices.set(key, device);
  }
  return device;
}

const tfjsDevices = new Map<string, Promise<TfjsDevice>>();

/** The process's own TensorFlow.js, loaded when first asked for. */
function defaultTfjsDevice(options: CpuOptions): Promise<TfjsDevice> {
  const key = String(options.threads);
  let device = tfjsDevices.get(key);
  if (!device) {
    device = import("./tfjs/tfjs-device.ts").then((module) => module.openTfjsDevice(options));
    tfjsDevices.set(key, device);
  }
  return device;
}
