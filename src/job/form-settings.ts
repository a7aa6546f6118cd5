/** @file What DIGITS' model form asks for, with its defaults; the studio's pages read it too. */
import type { DeviceName } from "../device/names.ts";
import type { Resolved } from "../schema/index.ts";
import type { SolverType } from "../solver/solver-types.ts";

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

/** Random changes of the training images; what is not given stays 0, or false. */
export type JobAugmentation = Partial<Omit<Resolved<"AugmentationParameter">, "content" | "seed">>;

/** Everything that one training job is made from; saved as `job.json`. Paths are absolute. */
export interface FormSettings {
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
  /** What to train on; absent: the best that is there when the training starts. */
  readonly device?: DeviceName;
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
} as const satisfies Partial<FormSettings>;
