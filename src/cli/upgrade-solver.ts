/** @file `cortado upgrade-solver`: a solver's enum for its type becomes a string. */
import {
  type SolverParameter,
  parsePrototxt,
  printPrototxt,
  upgradeSolver,
} from "../schema/index.ts";
import type { Command } from "./command.ts";
import { logFlags } from "./command-logger.ts";
import { type UpgradeTool, readInput, runUpgrade } from "./upgrade.ts";

export const upgradeSolverCommand: Command = {
  name: "upgrade-solver",
  summary: "bring a solver prototxt of before 2015 to the current format",
  positionals: ["IN", "OUT"],
  flags: logFlags,

  async run(flags, [input, output], io) {
    return runUpgrade(tool, await readInput(input!, io), [input!, output!], flags, io);
  },
};

const tool: UpgradeTool<SolverParameter> = {
  message: "SolverParameter",
  form: "text",
  source: "upgrade_solver_proto_text.cpp",
  lines: { failed: 30, incomplete: 39, latest: 43, wrote: 49 },
  parse: (bytes, fileName) =>
    parsePrototxt(Buffer.from(bytes).toString("utf8"), { message: "SolverParameter", fileName }),
  needsUpgrade: ({ solverType }) => solverType !== undefined,
  upgrade: (message, logger, fileName) => ({
    message: upgradeSolver(message, logger, fileName),
    isComplete: true,
  }),
  print: (message) => [new TextEncoder().encode(printPrototxt(message))],
};
