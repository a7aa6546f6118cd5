/** @file A solver's settings: a SolverParameter with defaults filled in and every value checked. */
import type { SolverParameter } from "../schema/index.ts";
import { failSolver } from "./fail.ts";
import { type RateSettings, rateSettings } from "./learning-rate.ts";
import { type SolverType, solverTypes } from "./solver-types.ts";
import type { Regularization } from "./update-rule.ts";

/** What a solver runs by. Real numbers are float32, as Caffe keeps them. */
export interface SolverSettings {
  readonly type: SolverType;
  readonly rate: RateSettings;
  readonly maxIter: number;
  readonly iterSize: number;
  readonly momentum: number;
  readonly momentum2: number;
  readonly rmsDecay: number;
  readonly delta: number;
  readonly weightDecay: number;
  readonly regularization: Regularization;
  /** The largest L2 norm of all gradients together; negative: no limit. */
  readonly clipGradients: number;
  readonly averageLoss: number;
  /** Iterations between two display lines; 0: none. */
  readonly display: number;
  readonly debugInfo: boolean;
  readonly testIter: readonly number[];
  /** Iterations between two test passes; 0: none. */
  readonly testInterval: number;
  readonly testInitialization: boolean;
  readonly testComputeLoss: boolean;
  /** Iterations between two snapshots; 0: only the last one. */
  readonly snapshot: number;
  readonly snapshotAfterTrain: boolean;
  readonly snapshotDiff: boolean;
  readonly snapshotFormat: "HDF5" | "BINARYPROTO";
  /** -1: another seed each time. */
  readonly randomSeed: number;
}

/**
 * Checks a solver and fills in Caffe's defaults.
 * @throws NetDefinitionError that names the field, with its line when the solver came from a file
 */
export function solverSettings(param: SolverParameter): SolverSettings {
  checkCounts(param);
  return {
    type: solverType(param),
    rate: rateSettings(param),
    maxIter: param.maxIter ?? 0,
    iterSize: param.iterSize ?? 1,
    momentum: Math.fround(param.momentum ?? 0),
    momentum2: Math.fround(param.momentum2 ?? 0.999),
    rmsDecay: Math.fround(param.rmsDecay ?? 0.99),
    delta: Math.fround(param.delta ?? 1e-8),
    weightDecay: Math.fround(param.weightDecay ?? 0),
    regularization: regularization(param),
    clipGradients: Math.fround(param.clipGradients ?? -1),
    averageLoss: param.averageLoss ?? 1,
    display: param.display ?? 0,
    debugInfo: param.debugInfo ?? false,
    testIter: param.testIter,
    testInterval: param.testInterval ?? 0,
    testInitialization: param.testInitialization ?? true,
    testComputeLoss: param.testComputeLoss ?? false,
    snapshot: param.snapshot ?? 0,
    snapshotAfterTrain: param.snapshotAfterTrain ?? true,
    snapshotDiff: param.snapshotDiff ?? false,
    snapshotFormat: param.snapshotFormat ?? "BINARYPROTO",
    randomSeed: param.randomSeed ?? -1,
  };
}

function checkCounts(param: SolverParameter): void {
  if ((param.averageLoss ?? 1) < 1) {
    const is = `average_loss is ${param.averageLoss}`;
    failSolver(
      param,
      "averageLoss",
      `average_loss should be non-negative: ${is}, give at least 1.`,
    );
  }
  if ((param.iterSize ?? 1) < 1) {
    failSolver(param, "iterSize", `iter_size is ${param.iterSize}; give at least 1.`);
  }
}

function solverType(param: SolverParameter): SolverType {
  const type = param.type ?? "SGD";
  const known = solverTypes.find((name) => name === type);
  if (known) {
    checkMomentum(param, known);
    return known;
  }
  const list = solverTypes.join(", ");
  return failSolver(param, "type", `Unknown solver type: ${type} (known types: ${list})`);
}

function checkMomentum(param: SolverParameter, type: SolverType): void {
  if ((type === "AdaGrad" || type === "RMSProp") && (param.momentum ?? 0) !== 0) {
    const problem = `Momentum cannot be used with ${type}.`;
    failSolver(param, "momentum", `${problem} It is ${param.momentum}; remove the line.`);
  }
  const decay = param.rmsDecay ?? 0.99;
  if (type === "RMSProp" && !(decay >= 0 && decay < 1)) {
    const problem = "rms_decay should lie between 0 and 1";
    failSolver(param, "rmsDecay", `${problem} (1 excluded), but it is ${decay}.`);
  }
}

function regularization(param: SolverParameter): Regularization {
  const type = param.regularizationType ?? "L2";
  if (type === "L1" || type === "L2") return type;
  return failSolver(
    param,
    "regularizationType",
    `Unknown regularization type: ${type} (known types: L1, L2)`,
  );
}
