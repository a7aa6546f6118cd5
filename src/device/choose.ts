/** @file From a device's name to a device. */
import { type Logger, silentLogger } from "../core/logger.ts";
import { CaffeError, UsageError } from "../errors.ts";
import { type CpuOptions, defaultCpuDevice } from "./cpu/cpu-device.ts";
import type { Device } from "./device.ts";
import { type DeviceName, deviceNames } from "./names.ts";
import type { TfjsDevice } from "./tfjs/tfjs-device.ts";
import type { AdapterChoice } from "./webgpu/adapter.ts";
import type { WebGpuDevice } from "./webgpu/webgpu-device.ts";

/** What a caller may ask for: a name, or a device that is open already. */
export type DeviceChoice = DeviceName | Device;

export interface ResolveOptions extends CpuOptions, Pick<AdapterChoice, "index"> {
  /** Told which device "auto" has taken. */
  readonly logger?: Logger | undefined;
}

/**
 * Opens the device that was asked for; "auto" takes a GPU where there is a real one, and the CPU else.
 * @throws CaffeError that says why a device is not there, UsageError for a name that is none
 */
export async function resolveDevice(
  choice: DeviceChoice = "cpu",
  options: ResolveOptions = {},
): Promise<Device> {
  if (typeof choice === "object") return choice;
  if (choice === "cpu") return defaultCpuDevice(cpuOptions(options));
  if (choice === "webgpu") return defaultWebGpuDevice({ ...options, allowSoftware: true });
  if (choice === "tfjs") return defaultTfjsDevice(cpuOptions(options));
  if (choice === "auto") return bestDevice(options);
  const known = deviceNames.map((name) => `"${name}"`).join(", ");
  throw new UsageError(`there is no device "${choice}"; use one of ${known}`);
}

/** What a device computes with, for people. */
export function hardwareOf({ hardware, engine }: Device): string {
  const { threads, instructionSet } = engine;
  return hardware ?? `${instructionSet}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
}

/**
 * Opens a GPU that is no software; the number is that of `--gpu`.
 * @throws CaffeError that says why there is none
 */
export async function openGpu(options: ResolveOptions = {}): Promise<Device> {
  try {
    return await defaultWebGpuDevice({ ...options, allowSoftware: false });
  } catch (error) {
    if (!(error instanceof CaffeError) || options.index) throw error;
    const tensorFlow = await tensorFlowOnGpu(options);
    if (!tensorFlow) throw error;
    return tensorFlow;
  }
}

/** TensorFlow on a GPU, which needs CUDA and no Vulkan; loaded only where its package is installed. */
async function tensorFlowOnGpu(options: ResolveOptions): Promise<Device | undefined> {
  const { isInstalled } = await import("./tfjs/backend.ts");
  if (!isInstalled("tfjs-node-gpu")) return undefined;
  const device = await defaultTfjsDevice(cpuOptions(options));
  return device.backend.usesGpu ? device : undefined;
}

/** A GPU, or else the CPU; one line of the log says which, and why. */
async function bestDevice(options: ResolveOptions): Promise<Device> {
  const { logger = silentLogger } = options;
  const say = (text: string) => logger.log("info", "caffe.cpp:204", `device auto: ${text}`);
  try {
    const gpu = await openGpu(options);
    say(`taking ${gpu.name}, ${hardwareOf(gpu)}`);
    return gpu;
  } catch (error) {
    if (!(error instanceof CaffeError)) throw error;
    const cpu = defaultCpuDevice(cpuOptions(options));
    say(`taking the CPU (${hardwareOf(cpu)}), as ${error.message}`);
    return cpu;
  }
}

const cpuOptions = ({ threads, engine }: CpuOptions): CpuOptions => ({ threads, engine });

/** Opens what is not open yet; what failed to open may be tried again. */
function opened<T>(
  known: Map<string, Promise<T>>,
  key: string,
  open: () => Promise<T>,
): Promise<T> {
  let device = known.get(key);
  if (!device) {
    device = open();
    known.set(key, device);
    device.catch(() => known.delete(key));
  }
  return device;
}

const webGpuDevices = new Map<string, Promise<WebGpuDevice>>();
const tfjsDevices = new Map<string, Promise<TfjsDevice>>();

/** The process's own GPU device with these options, anew after one failed; its code is loaded only here. */
async function defaultWebGpuDevice(options: CpuOptions & AdapterChoice): Promise<Device> {
  const { threads, engine, index, allowSoftware } = options;
  const key = [threads, engine, index, allowSoftware].join();
  const known = await webGpuDevices.get(key);
  if (known?.gpu.hasFailed) webGpuDevices.delete(key);
  return opened(webGpuDevices, key, async () => {
    const { openWebGpuDevice } = await import("./webgpu/webgpu-device.ts");
    return openWebGpuDevice({ threads, engine, index, allowSoftware });
  });
}

/** The process's own TensorFlow.js. */
function defaultTfjsDevice(options: CpuOptions): Promise<TfjsDevice> {
  return opened(tfjsDevices, [options.threads, options.engine].join(), async () => {
    const { openTfjsDevice } = await import("./tfjs/tfjs-device.ts");
    return openTfjsDevice(options);
  });
}
