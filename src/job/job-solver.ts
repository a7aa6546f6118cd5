/** @file DIGITS' solver formulas: from epochs and percentages to iterations. */
import type { SolverParameter } from "../schema/index.ts";
import type { JobSettings, LearningRatePolicy } from "./settings.ts";

/** What the solver must know of the dataset and the net. */
export interface TrainingSize {
  readonly trainCount: number;
  /** 0 where there is no validation set. */
  readonly valCount: number;
  readonly batchSize: number;
  readonly valBatchSize: number;
}

/** The fields of `solver.prototxt` that a job sets. */
export type JobSolver = Partial<SolverParameter> & { readonly maxIter: number };

/**
 * The solver of a job.
 *
 *     iterations an epoch = ceil(trainCount / (batchSize * iterSize))
 *     maxIter = iterations an epoch * epochs
 *     testIter = ceil(valCount / valBatchSize)
 *     display: 8 times an epoch or once in 5000 images, whichever is more often
 *     weightDecay = baseLr / 100
 */
export function jobSolver(settings: JobSettings, size: TrainingSize): JobSolver {
  const imagesPerUpdate = size.batchSize * (settings.iterSize ?? 1);
  const epochIters = Math.ceil(size.trainCount / imagesPerUpdate);
  const maxIter = epochIters * settings.epochs;
  const display = Math.min(
    Math.floor(maxIter / (settings.epochs * 8)),
    Math.ceil(5000 / imagesPerUpdate),
  );
  return {
    net: "train_val.prototxt",
    ...testing(settings, size, epochIters, maxIter),
    baseLr: settings.learningRate,
    display: Math.max(1, display),
    maxIter,
    ...(settings.iterSize === undefined ? {} : { iterSize: settings.iterSize }),
    ...policyFields(settings.policy, maxIter),
    ...momentum(settings),
    weightDecay: settings.learningRate / 100,
    // 0, as DIGITS writes it, means that only the end of the training is kept.
    snapshot: interval(settings.snapshotInterval * epochIters, maxIter, 0),
    snapshotPrefix: "snapshot",
    solverMode: settings.device === "webgpu" || settings.device === "tfjs" ? "GPU" : "CPU",
    ...(settings.seed === undefined ? {} : { randomSeed: settings.seed }),
    type: settings.solverType,
  };
}

function testing(
  settings: JobSettings,
  { valCount, valBatchSize }: TrainingSize,
  epochIters: number,
  maxIter: number,
): Partial<SolverParameter> {
  if (valCount === 0 || settings.valInterval === 0) return {};
  return {
    testIter: [Math.ceil(valCount / valBatchSize)],
    testInterval: interval(settings.valInterval * epochIters, maxIter, maxIter),
  };
}

/** Whole iterations between two events: at least 1; `otherwise` where the training is too short. */
function interval(iterations: number, maxIter: number, otherwise: number): number {
  if (iterations > 0 && iterations <= 1) return 1;
  if (iterations > 1 && iterations < maxIter) return Math.floor(iterations);
  return otherwise;
}

/** The fields of a policy, percentages of the training turned into iterations (rounded up). */
function policyFields(policy: LearningRatePolicy, maxIter: number): Partial<SolverParameter> {
  const scale = maxIter / 100;
  const lrPolicy = policy.policy;
  switch (policy.policy) {
    case "fixed":
      return { lrPolicy };
    case "step":
      return { lrPolicy, gamma: policy.gamma, stepsize: Math.ceil(policy.stepPercent * scale) };
    case "multistep":
      return {
        lrPolicy,
        gamma: policy.gamma,
        stepvalue: policy.percents.map((percent) => Math.ceil(percent * scale)),
      };
    case "exp":
      return { lrPolicy, gamma: policy.gamma ** (1 / scale) };
    case "inv":
      return { lrPolicy, gamma: policy.gamma / scale, power: policy.power };
    case "poly":
      return { lrPolicy, power: policy.power };
    case "sigmoid":
      return {
        lrPolicy,
        gamma: -policy.gamma / scale,
        stepsize: Math.ceil(policy.stepPercent * scale),
      };
  }
}

/** AdaGrad and RMSProp refuse a momentum; RMSProp has a decay of its own. */
function momentum({ solverType, rmsDecay }: JobSettings): Partial<SolverParameter> {
  if (solverType === "AdaGrad") return {};
  if (solverType === "RMSProp") return { rmsDecay };
  return { momentum: 0.9 };
}
