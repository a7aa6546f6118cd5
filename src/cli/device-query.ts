/** @file `cortado device_query`: which devices nets can run on here. */
import { availableParallelism, cpus } from "node:os";
import { openCpuDevice } from "../device/index.ts";
import { nativeProblem } from "../math/index.ts";
import { caffeCommandFlags, refuseGpu, text } from "./caffe-flags.ts";
import { commandLogger } from "./command-logger.ts";
import type { Command } from "./command.ts";

export const deviceQueryCommand: Command = {
  name: "device_query",
  summary: "show the devices that nets can run on",
  flags: caffeCommandFlags(["gpu"]),

  async run(flags, _positionals, io) {
    const queried = `Querying GPUs ${text(flags, "gpu")}`;
    commandLogger(flags, io).log("info", "caffe.cpp:138", queried);
    refuseGpu(flags);
    const device = openCpuDevice();
    const model = cpus()[0]?.model.trim() ?? "unknown processor";
    io.out(`Device:   ${device.name}`);
    io.out(`Name:     ${model}`);
    io.out(`Cores:    ${availableParallelism()}`);
    io.out(`Threads:  ${device.engine.threads}`);
    const problem = nativeProblem();
    io.out(`Engine:   ${device.engine.instructionSet}${problem ? ` (native: ${problem})` : ""}`);
    io.out("Memory:   4096 MiB at most, for all nets of a process");
    io.out("No GPU device is in this version.");
    device.dispose();
    return 0;
  },
};
