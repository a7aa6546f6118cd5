/** @file Devices by name. */
import { UsageError } from "../errors.ts";
import { defaultCpuDevice } from "./cpu/cpu-device.ts";
import type { Device } from "./device.ts";

export { type CpuOptions, defaultCpuDevice, openCpuDevice } from "./cpu/cpu-device.ts";
export type { Device, LayerKernel } from "./device.ts";
export { ExecutionPlan, type PlannedLayer, type StepTimer } from "./plan.ts";

/** What a caller may ask for: a name, or a device that is open already. */
export type DeviceChoice = "auto" | "cpu" | "webgpu" | "tfjs" | Device;

/**
 * Opens the device that was asked for; "auto" is the CPU.
 * @throws UsageError for a device that this build does not have
 */
export function resolveDevice(choice: DeviceChoice = "auto", threads?: number): Device {
  if (typeof choice === "object") return choice;
  if (choice === "auto" || choice === "cpu") return defaultCpuDevice({ threads });
  throw new UsageError(`there is no device "${choice}" in this version; use "cpu" (or "auto")`);
}
