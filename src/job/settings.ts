/** @file What DIGITS' model form asks for, with its defaults, and the checks on it. */
import { UsageError } from "../errors.ts";
import type { SolverType } from "../solver/solver-types.ts";
import { type JobAugmentation, checkAugmentation } from "./augmentation.ts";

export const meanSubtractions = ["none", "pixel", "image"] as const;
/** `image`: the mean image is subtracted; `pixel`: one mean a channel; `none`: what the net itself says. */
export type MeanSubtraction = (typeof meanSubtractions)[number];

/** A learning-rate policy as the form states it: steps are percent of the whole training. */
export type LearningRatePolicy =
  | { readonly policy: "fixed" }
  | { readonly policy: "step"; readonly stepPercent: number; readonly gamma: number }
  | { readonly policy: "multistep"; readonly percents: readonly number[]; readonly gamma: number }
  | { readonly policy: "exp"; readonly gamma: number }
  | { readonly policy: "inv"; readonly gamma: number; readonly power: number }
  | { readonly policy: "poly"; readonly power: number }
  | { readonly policy: "sigmoid"; readonly stepPercent: number; readonly gamma: number };

export type PolicyName = LearningRatePolicy["policy"];

/** The form's own defaults for each policy. */
export const defaultPolicies = {
  fixed: { policy: "fixed" },
  step: { policy: "step", stepPercent: 33, gamma: 0.1 },
  multistep: { policy: "multistep", percents: [50, 85], gamma: 0.5 },
  exp: { policy: "exp", gamma: 0.95 },
  inv: { policy: "inv", gamma: 0.1, power: 0.5 },
  poly: { policy: "poly", power: 3 },
  sigmoid: { policy: "sigmoid", stepPercent: 50, gamma: 0.1 },
} as const satisfies { [P in PolicyName]: Extract<LearningRatePolicy, { policy: P }> };

/** Everything that one training job is made from; saved as `job.json`. Paths are absolute. */
export interface JobSettings {
  /** The dataset folder. */
  readonly dataset: string;
  /** Where the network text came from; the job keeps its own copy. */
  readonly network: string;
  /** Pretrained weights, applied in this order. */
  readonly weights: readonly string[];
  /** Custom layer files, copied into the job. */
  readonly layers: readonly string[];
  readonly epochs: number;
  /** Images a training pass; absent: what the network says, else 16. */
  readonly batchSize?: number;
  /** Images a validation pass; absent: `batchSize`, else what the network says, else 16. */
  readonly valBatchSize?: number;
  /** Passes whose gradients are added up before an update. */
  readonly iterSize?: number;
  /** Epochs between snapshots; 0 keeps only the last. */
  readonly snapshotInterval: number;
  /** Epochs between validations; 0 never validates. */
  readonly valInterval: number;
  readonly learningRate: number;
  readonly policy: LearningRatePolicy;
  readonly solverType: SolverType;
  /** Decay of RMSProp's running mean of squares. */
  readonly rmsDecay: number;
  readonly mean: MeanSubtraction;
  /** Edge in pixels of the square that is cut from each image. */
  readonly cropSize?: number;
  /** Random changes of the training images and, with them, of their label maps; absent: none. */
  readonly augmentation?: JobAugmentation;
  readonly seed?: number;
}

/** The form as it opens, but for dataset and network. */
export const defaultSettings = {
  weights: [],
  layers: [],
  epochs: 30,
  snapshotInterval: 1,
  valInterval: 1,
  learningRate: 0.01,
  policy: defaultPolicies.step,
  solverType: "SGD",
  rmsDecay: 0.99,
  mean: "image",
} as const satisfies Partial<JobSettings>;

/** @throws UsageError that names the first setting that cannot be trained with. */
export function checkSettings(settings: JobSettings): void {
  wholeFrom(1, "epochs", settings.epochs);
  wholeFrom(1, "batch size", settings.batchSize);
  wholeFrom(1, "validation batch size", settings.valBatchSize);
  wholeFrom(1, "iter size", settings.iterSize);
  wholeFrom(1, "crop size", settings.cropSize);
  checkAugmentation(settings.augmentation);
  numberFrom(0, "snapshot interval", settings.snapshotInterval);
  numberFrom(0, "validation interval", settings.valInterval);
  numberFrom(0, "learning rate", settings.learningRate);
}

function wholeFrom(least: number, name: string, value: number | undefined): void {
  if (value === undefined || (Number.isInteger(value) && value >= least)) return;
  throw new UsageError(`the ${name} must be a whole number of ${least} or more, not ${value}`);
}

function numberFrom(least: number, name: string, value: number): void {
  if (Number.isFinite(value) && value >= least) return;
  throw new UsageError(`the ${name} must be a number of ${least} or more, not ${value}`);
}
