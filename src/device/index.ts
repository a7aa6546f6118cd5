/** @file The devices that nets run on, and the plan by which they do. */

export {
  type DeviceChoice,
  type ResolveOptions,
  hardwareOf,
  openGpu,
  resolveDevice,
} from "./choose.ts";
export { type DeviceName, deviceNames } from "./names.ts";
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
export {
  type BackwardListener,
  type BackwardOptions,
  ExecutionPlan,
  type PlannedLayer,
  type StepTimer,
} from "./plan.ts";
export { fitProblem } from "./fit.ts";
export {
  type LayerTransfers,
  type PlacedLayer,
  deviceMemories,
  reckonTransfers,
} from "./transfers.ts";
