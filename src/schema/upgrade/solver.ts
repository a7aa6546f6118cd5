/** @file Solvers with an enum for their type become solvers of today (BVLC `UpgradeSolverAsNeeded`). */
import type { SolverParameter } from "../generated/messages.ts";
import { deriveMessage, locationOf } from "../message.ts";
import { silent, type UpgradeLog } from "./log.ts";
import { problemAt } from "./problem.ts";

const TYPES: Readonly<Record<NonNullable<SolverParameter["solverType"]>, string>> = {
  SGD: "SGD",
  NESTEROV: "Nesterov",
  ADAGRAD: "AdaGrad",
  RMSPROP: "RMSProp",
  ADADELTA: "AdaDelta",
  ADAM: "Adam",
};

/**
 * Turns `solver_type: ADAM` into `type: "Adam"`; other solvers come back as they are.
 * @param logger gets Caffe's log lines
 * @param fileName what the log calls the solver; by default the file that it was parsed from
 * @throws NetDefinitionError if the solver states both
 */
export function upgradeSolver(
  solver: SolverParameter,
  logger: UpgradeLog = silent,
  fileName: string = locationOf(solver)?.file ?? "",
): SolverParameter {
  const { solverType, ...rest } = solver;
  if (solverType === undefined) return solver;
  const start =
    "Attempting to upgrade input file specified using deprecated 'solver_type' field (enum)': ";
  logger.log("info", "upgrade_proto.cpp:1084", start + fileName);
  if (solver.type !== undefined) {
    throw problemAt(
      solver,
      "Failed to upgrade solver: old solver_type field (enum) and new type field (string) cannot " +
        "be both specified in solver proto text.",
      "solverType",
    );
  }
  logger.log(
    "info",
    "upgrade_proto.cpp:1091",
    "Successfully upgraded file specified using deprecated 'solver_type' field (enum) to 'type' " +
      "field (string).",
  );
  logger.log(
    "warning",
    "upgrade_proto.cpp:1093",
    "Note that future Caffe releases will only support 'type' field (string) for a solver's type.",
  );
  return deriveMessage("SolverParameter", { ...rest, type: TYPES[solverType] }, solver);
}
