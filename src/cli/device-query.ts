/** @file `cortado device_query`: which devices nets can run on here, what was looked for, and how to get more. */
import { type DeviceReport, surveyDevices } from "../device/survey.ts";
import { caffeCommandFlags, text } from "./caffe-flags.ts";
import { commandLogger } from "./command-logger.ts";
import type { Command } from "./command.ts";
import { gpuIds, namedGpu } from "./device-flags.ts";

export const deviceQueryCommand: Command = {
  name: "device_query",
  summary: "show the devices that nets can run on",
  flags: caffeCommandFlags(["gpu"]),

  async run(flags, _positionals, io) {
    const gpu = text(flags, "gpu");
    commandLogger(flags, io).log("info", "caffe.cpp:138", `Querying GPUs ${gpu}`);
    const ids = gpu === "" ? [] : gpuIds(gpu);
    for (const report of await surveyDevices()) {
      for (const line of reportLines(report)) io.out(line);
    }
    // As in Caffe, to ask for a GPU that is not there is a mistake.
    for (const index of ids) await namedGpu(gpu, { index });
    return 0;
  },
};

function reportLines({ name, facts, problem, advice }: DeviceReport): string[] {
  const lines = [["Device", name] as const, ...facts];
  return [
    ...lines.map(([label, value]) => `${`${label}:`.padEnd(11)}${value}`),
    ...(problem === undefined ? [] : [`Missing:   ${problem}`]),
    ...(advice === undefined ? [] : [`To do:     ${advice}`]),
    "",
  ];
}
