/** @file The flags of `cortado fit`, and job settings from them: defaults, then a cloned job, then flags. */
import { join, resolve } from "node:path";
import { UsageError } from "../errors.ts";
import { parseAugmentation } from "../job/augmentation.ts";
import { jobFiles, readJobRecord } from "../job/job-record.ts";
import {
  type JobAugmentation,
  type JobSettings,
  type LearningRatePolicy,
  type PolicyName,
  defaultPolicies,
  defaultSettings,
  meanSubtractions,
} from "../job/settings.ts";
import { solverTypes } from "../solver/solver-types.ts";
import { list, text } from "./caffe-flags.ts";
import type { Flag, FlagValues } from "./command.ts";
import { deviceFlag } from "./device-flags.ts";

const number = (summary: string, value = "N"): Flag => ({ type: "number", value, summary });
const string = (value: string, summary: string): Flag => ({ type: "string", value, summary });

// No flag has a default here: one that is not given must not hide the value of a cloned job.
export const fitFlags = {
  dataset: string("DIR", "the dataset folder"),
  network: string("FILE", "the network prototxt, one text for training, validation and deployment"),
  layers: string("FILES", "custom layer files, separated by ','"),
  weights: string("FILES", "pretrained weights, separated by ','"),
  epochs: number("passes over the training set; 30"),
  lr: number("base learning rate; 0.01", "RATE"),
  "lr-policy": string("NAME", "fixed, step, multistep, exp, inv, poly or sigmoid; step"),
  "lr-step-size": number("step, sigmoid: percent of the training; 33 or 50", "PERCENT"),
  "lr-steps": string("LIST", "multistep: percents of the training; 50,85"),
  gamma: number("factor of the policy; 0.1, for multistep 0.5, for exp 0.95", "X"),
  power: number("inv, poly: power; 0.5 or 3", "X"),
  "solver-type": string("NAME", "SGD, Nesterov, AdaGrad, RMSProp, AdaDelta or Adam; SGD"),
  "rms-decay": number("RMSProp: decay; 0.99", "X"),
  "batch-size": number("images in a training batch; what the network says, or 16"),
  "val-batch-size": number("images in a validation batch; as --batch-size"),
  "iter-size": number("batches whose gradients are added up before an update"),
  mean: string("KIND", "mean subtraction: none, pixel or image; image"),
  augment: string(
    "LIST",
    "random changes of the training images, such as flip,rotate=15,scale=0.1,shift=0.05,gamma=0.3, or none",
  ),
  crop: number("edge of the square to cut from each image", "PIXELS"),
  "snapshot-interval": number("epochs between snapshots; 1", "EPOCHS"),
  "val-interval": number("epochs between validations; 1", "EPOCHS"),
  seed: number("seed of all random numbers"),
  device: string("NAME", "what to train on: cpu, webgpu, tfjs, or auto for the best that is there"),
} as const satisfies Record<string, Flag>;

/** A job to clone: its settings and the files that it keeps. */
export interface ClonedFiles {
  readonly settings: JobSettings;
  /** The network text as its user gave it. */
  readonly network: string;
  readonly layers: readonly string[];
}

export function clonedFiles(folder: string): ClonedFiles {
  const { settings, layerFiles } = readJobRecord(folder);
  const layers = layerFiles.map((file) => join(folder, file));
  return { settings, network: join(folder, jobFiles.original), layers };
}

/** @throws UsageError where dataset or network is missing, or a value is none of the known ones */
export function settingsOf(flags: FlagValues, cwd: string, from?: ClonedFiles): JobSettings {
  const base: Omit<JobSettings, "dataset" | "network"> = { ...defaultSettings, ...from?.settings };
  const path = (file: string) => resolve(cwd, file);
  const paths = (name: string, otherwise: readonly string[]) =>
    flags[name] === undefined ? otherwise : list(flags, name).map(path);
  const required = (name: "dataset" | "network", otherwise: string | undefined) => {
    const value = flags[name] === undefined ? otherwise : path(text(flags, name));
    if (value !== undefined) return value;
    throw new UsageError(`give --${name}, or --clone to take it from another job`);
  };
  const numeric = (name: keyof typeof fitFlags) =>
    flags[name] === undefined ? undefined : Number(flags[name]);
  const { augmentation, ...kept } = base;
  return {
    ...kept,
    dataset: required("dataset", from?.settings.dataset),
    network: required("network", from?.settings.network),
    weights: paths("weights", base.weights),
    layers: paths("layers", from?.layers ?? base.layers),
    ...present("epochs", numeric("epochs")),
    ...present("learningRate", numeric("lr")),
    policy: policyOf(flags, base.policy),
    solverType: oneOf("solver-type", solverTypes, flags, base.solverType),
    ...present("rmsDecay", numeric("rms-decay")),
    ...present("batchSize", numeric("batch-size")),
    ...present("valBatchSize", numeric("val-batch-size")),
    ...present("iterSize", numeric("iter-size")),
    mean: oneOf("mean", meanSubtractions, flags, base.mean),
    ...present("cropSize", numeric("crop")),
    ...augmentationOf(flags, augmentation),
    ...present("snapshotInterval", numeric("snapshot-interval")),
    ...present("valInterval", numeric("val-interval")),
    ...present("seed", numeric("seed")),
    ...(flags.device === undefined ? {} : { device: deviceFlag(flags)! }),
  };
}

function present<K extends keyof JobSettings>(
  key: K,
  value: number | undefined,
): { [P in K]?: number } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: number });
}

function augmentationOf(
  flags: FlagValues,
  base: JobAugmentation | undefined,
): Pick<JobSettings, "augmentation"> {
  const given = flags.augment === undefined ? base : parseAugmentation(text(flags, "augment"));
  return given ? { augmentation: given } : {};
}

function oneOf<T extends string>(
  name: string,
  known: readonly T[],
  flags: FlagValues,
  otherwise: T,
): T {
  if (flags[name] === undefined) return otherwise;
  const given = text(flags, name);
  const found = known.find((value) => value.toLowerCase() === given.toLowerCase());
  if (found !== undefined) return found;
  throw new UsageError(`--${name} is "${given}"; give one of ${known.join(", ")}`);
}

/** The policy that the flags name, with their numbers in place of its defaults or a cloned job's. */
function policyOf(flags: FlagValues, base: LearningRatePolicy): LearningRatePolicy {
  const names = Object.keys(defaultPolicies) as PolicyName[];
  const name = oneOf("lr-policy", names, flags, base.policy);
  const start: LearningRatePolicy = name === base.policy ? base : defaultPolicies[name];
  const given = {
    stepPercent: flags["lr-step-size"],
    gamma: flags.gamma,
    power: flags.power,
    percents: flags["lr-steps"] === undefined ? undefined : percentsOf(text(flags, "lr-steps")),
  };
  const flagOf = {
    stepPercent: "lr-step-size",
    gamma: "gamma",
    power: "power",
    percents: "lr-steps",
  };
  const changed: Record<string, unknown> = { ...start };
  for (const [field, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!(field in start)) {
      const flag = flagOf[field as keyof typeof flagOf];
      throw new UsageError(`--${flag} means nothing to the policy "${name}"`);
    }
    changed[field] = value;
  }
  return changed as LearningRatePolicy;
}

function percentsOf(given: string): number[] {
  const percents = given.split(",").map(Number);
  if (percents.every((percent) => percent > 0 && percent <= 100)) return percents;
  throw new UsageError(`--lr-steps is "${given}"; give percents of the training, such as 50,85`);
}
