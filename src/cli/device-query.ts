/** @file `cortado device_query`: which devices nets can run on here. */
import { availableParallelism, cpus } from "node:os";
import { openCpuDevice } from "../device/index.ts";
import { gpuFlag } from "./caffe-flags.ts";
import type { Command } from "./command.ts";

export const deviceQueryCommand: Command = {
  name: "device_query",
  summary: "show the devices that nets can run on",
  flags: { gpu: gpuFlag },

  async run(_flags, _positionals, io) {
    const device = openCpuDevice();
    const model = cpus()[0]?.model.trim() ?? "unknown processor";
    io.out(`Device:   ${device.name}`);
    io.out(`Name:     ${model}`);
    io.out(`Cores:    ${availableParallelism()}`);
    io.out(`Threads:  ${device.engine.threads}`);
    io.out("Memory:   4096 MiB at most, for all nets of a process");
    io.out("No GPU device is in this version.");
    device.dispose();
    return 0;
  },
};
