/** @file What there is to compute on, for people who ask: found, looked for, and how to get it. */
import { availableParallelism, cpus } from "node:os";
import { nativeProblem } from "../math/index.ts";
import { openCpuDevice } from "./cpu/cpu-device.ts";

/** One device, whether it is there or not. */
export interface DeviceReport {
  readonly name: string;
  /** What is known of it, in order. */
  readonly facts: readonly (readonly [label: string, value: string])[];
  /** Why nets cannot run on it; absent where they can. */
  readonly problem?: string | undefined;
  /** How to get it, or more of it. */
  readonly advice?: string | undefined;
}

/** Reports all devices, the CPU first. */
export async function surveyDevices(): Promise<DeviceReport[]> {
  const { surveyWebGpu } = await import("./webgpu/survey.ts");
  const { surveyTfjs } = await import("./tfjs/survey.ts");
  return [surveyCpu(), await surveyWebGpu(), surveyTfjs()];
}

function surveyCpu(): DeviceReport {
  const device = openCpuDevice();
  const { threads, instructionSet } = device.engine;
  device.dispose();
  const problem = nativeProblem();
  return {
    name: "cpu",
    facts: [
      ["Name", cpus()[0]?.model.trim() ?? "unknown processor"],
      ["Cores", String(availableParallelism())],
      ["Threads", String(threads)],
      ["Engine", `${instructionSet}${problem ? ` (native: ${problem})` : ""}`],
      ["Memory", "4096 MiB at most, for all nets of a process"],
    ],
  };
}
