/** @file The names of the solver types, without their code. */
import type { SolverType } from "../device/update.ts";

export type { SolverType };

export const solverTypes = [
  "AdaDelta",
  "AdaGrad",
  "Adam",
  "Nesterov",
  "RMSProp",
  "SGD",
] as const satisfies readonly SolverType[];
