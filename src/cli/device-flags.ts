/** @file From `--device`, `-gpu` and `solver_mode` to the device that a command computes on. */
import type { Logger } from "../core/logger.ts";
import {
  type Device,
  type DeviceName,
  type ResolveOptions,
  deviceNames,
  hardwareOf,
  openGpu,
  resolveDevice,
} from "../device/index.ts";
import { CaffeError, UsageError } from "../errors.ts";
import type { SolverParameter } from "../schema/index.ts";
import { cpuOptions, text } from "./caffe-flags.ts";
import type { FlagValues } from "./command.ts";

/** @throws UsageError for a `--device` that is none */
export function deviceFlag(flags: FlagValues): DeviceName | undefined {
  if (flags.device === undefined) return undefined;
  const given = text(flags, "device");
  const known = deviceNames.find((name) => name === given);
  if (known) return known;
  throw new UsageError(`--device is "${given}"; give one of ${deviceNames.join(", ")}`);
}

/**
 * The device of `train`, `test` and `time`, logged as Caffe does.
 * @param lines where Caffe logs that it uses the CPU, or a GPU
 * @throws as `caffeDevice`
 */
export async function loggedDevice(
  flags: FlagValues,
  logger: Logger,
  lines: { readonly cpu: string; readonly gpu: string },
  solver?: Pick<SolverParameter, "solverMode" | "deviceId">,
): Promise<Device> {
  const device = await caffeDevice(flags, logger, lines.gpu, solver);
  if (!device.remote) logger.log("info", lines.cpu, "Use CPU.");
  return device;
}

/**
 * The device of a command that Caffe has. As in Caffe that is the CPU where nothing else is said.
 * @param source where Caffe logs that it uses a GPU
 * @throws UsageError for flags that contradict each other, CaffeError for a device that is not there
 */
export async function caffeDevice(
  flags: FlagValues,
  logger: Logger,
  source: string,
  solver: Pick<SolverParameter, "solverMode" | "deviceId"> = {},
): Promise<Device> {
  const gpu = text(flags, "gpu");
  const name = deviceFlag(flags);
  if (gpu !== "") return gpuOfFlag(gpu, name, flags, logger, source);
  const device =
    name === undefined && solver.solverMode === "GPU"
      ? await gpuOfSolver(solver, flags, logger)
      : await resolveDevice(name ?? "cpu", { ...cpuOptions(flags), logger });
  if (device.remote) logger.log("info", source, `Using ${device.name}: ${hardwareOf(device)}`);
  return device;
}

/**
 * The device of a command that is not Caffe's: the best that is there, unless a flag names one.
 * @throws as `caffeDevice`
 */
export function bestDeviceFor(flags: FlagValues, logger: Logger): Promise<Device> {
  // Who says how the CPU is to compute wants it to.
  const otherwise = flags.engine === undefined ? "auto" : "cpu";
  return resolveDevice(deviceFlag(flags) ?? otherwise, { ...cpuOptions(flags), logger });
}

/** Somebody who names a GPU insists on one. */
async function gpuOfFlag(
  given: string,
  name: DeviceName | undefined,
  flags: FlagValues,
  logger: Logger,
  source: string,
): Promise<Device> {
  if (name === "cpu") throw new UsageError(`--device cpu and -gpu ${given} contradict each other`);
  const [index, ...others] = gpuIds(given);
  logger.log("info", source, `Using GPUs ${given}`);
  if (others.length > 0) {
    logger.log(
      "warning",
      source,
      `Caffe would compute on all of the GPUs ${given}, each with a batch of its own; this is GPU ${index} ` +
        "alone, with one batch (iter_size adds batches up)",
    );
  }
  const device = await namedGpu(given, { ...cpuOptions(flags), index });
  logger.log("info", source, `GPU ${index}: ${hardwareOf(device)}`);
  return device;
}

/** Opens a GPU of `-gpu`. @throws UsageError that begins as Caffe's does where it is not there */
export async function namedGpu(given: string, options: ResolveOptions): Promise<Device> {
  try {
    return await openGpu(options);
  } catch (error) {
    if (!(error instanceof CaffeError)) throw error;
    throw new UsageError(`Cannot use GPU ${given}: ${error.message}`, { cause: error });
  }
}

/** `solver_mode: GPU` stands in most solvers: without a GPU they are trained all the same. */
async function gpuOfSolver(
  { deviceId }: Pick<SolverParameter, "deviceId">,
  flags: FlagValues,
  logger: Logger,
): Promise<Device> {
  try {
    return await openGpu({ ...cpuOptions(flags), index: deviceId });
  } catch (error) {
    if (!(error instanceof CaffeError)) throw error;
    const text = `solver_mode is GPU, but ${error.message}: training on the CPU`;
    logger.log("warning", "caffe.cpp:199", text);
    return resolveDevice("cpu", cpuOptions(flags));
  }
}

/** `all` is the first, for all that we do. @throws UsageError for what is no list of numbers */
export function gpuIds(given: string): number[] {
  if (given === "all") return [0];
  const ids = given.split(",").map((word) => (/^\d+$/.test(word.trim()) ? Number(word) : -1));
  if (!ids.includes(-1)) return ids;
  throw new UsageError(`-gpu is "${given}"; give a GPU's number, several with ',', or all`);
}
