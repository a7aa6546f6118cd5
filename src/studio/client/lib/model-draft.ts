/** @file The model form while it is filled in: text as typed, and the request it becomes. */
import { type PolicyName, defaultPolicies, defaultSettings } from "../../../job/form-settings.ts";
import type {
  CheckForm,
  JobSettings,
  ModelDetail,
  ModelForm,
  PreviewForm,
} from "../../api-types.ts";
import {
  type AugmentationDraft,
  augmentationDraft,
  augmentationOf,
  noAugmentation,
} from "./augmentation-draft.ts";

/** A policy of any kind, with the fields of all kinds. */
interface PolicyDraft extends Record<"stepPercent" | "percents" | "gamma" | "power", string> {
  readonly policy: PolicyName;
}

/** Numbers are texts while they are typed; what is chosen from a list is as it will be sent. */
type Typed<Value> = Value extends number | readonly number[] ? string : Value;

/** The fields of the form, none of them absent. */
type Fields = Required<Omit<ModelForm, "policy" | "augmentation">>;

export type ModelDraft = {
  readonly [Field in keyof Fields]: Typed<Fields[Field]>;
} & PolicyDraft & {
    readonly augmentation: AugmentationDraft;
  };

/** DIGITS' defaults. */
export const emptyDraft: ModelDraft = {
  ...{ name: "", dataset: "", network: "", layers: [], weights: [] },
  epochs: `${defaultSettings.epochs}`,
  snapshotInterval: `${defaultSettings.snapshotInterval}`,
  valInterval: `${defaultSettings.valInterval}`,
  learningRates: `${defaultSettings.learningRate}`,
  ...{ batchSizes: "", valBatchSize: "", iterSize: "", cropSize: "", seed: "" },
  solverType: defaultSettings.solverType,
  rmsDecay: `${defaultSettings.rmsDecay}`,
  augmentation: noAugmentation,
  device: "auto",
  mean: defaultSettings.mean,
  ...policyDraft(defaultSettings.policy),
};

export function policyDraft(policy: JobSettings["policy"]): PolicyDraft {
  return {
    policy: policy.policy,
    stepPercent: "stepPercent" in policy ? `${policy.stepPercent}` : "",
    percents: "percents" in policy ? policy.percents.join(", ") : "",
    gamma: "gamma" in policy ? `${policy.gamma}` : "",
    power: "power" in policy ? `${policy.power}` : "",
  };
}

/** The form of a model filled in again, its custom layers carried along. */
export function draftOf(model: ModelDetail, network: string): ModelDraft {
  const { settings } = model;
  const text = (value: number | undefined) => (value === undefined ? "" : `${value}`);
  return {
    name: `${model.id}-copy`,
    dataset: model.dataset ?? "",
    network,
    layers: model.layerFiles.map((file) => ({ job: model.id, file })),
    weights: settings.weights.map((path) => ({ path })),
    epochs: text(settings.epochs),
    snapshotInterval: text(settings.snapshotInterval),
    valInterval: text(settings.valInterval),
    learningRates: text(settings.learningRate),
    batchSizes: text(settings.batchSize),
    valBatchSize: text(settings.valBatchSize),
    iterSize: text(settings.iterSize),
    solverType: settings.solverType,
    rmsDecay: text(settings.rmsDecay),
    mean: settings.mean,
    cropSize: text(settings.cropSize),
    augmentation: augmentationDraft(settings.augmentation),
    seed: text(settings.seed),
    device: settings.device ?? "auto",
    ...policyDraft(settings.policy),
  };
}

export function formOf(draft: ModelDraft): ModelForm {
  const { name, dataset, network, layers, weights, solverType, mean } = draft;
  const augmentation = augmentationOf(draft.augmentation);
  return {
    ...{ name, dataset, network, layers, weights, solverType, mean },
    epochs: Number(draft.epochs),
    snapshotInterval: Number(draft.snapshotInterval),
    valInterval: Number(draft.valInterval),
    learningRates: numbers(draft.learningRates),
    batchSizes: numbers(draft.batchSizes),
    ...optional("valBatchSize", draft.valBatchSize),
    ...optional("iterSize", draft.iterSize),
    ...(solverType === "RMSProp" ? optional("rmsDecay", draft.rmsDecay) : {}),
    ...optional("cropSize", draft.cropSize),
    ...(augmentation ? { augmentation } : {}),
    ...optional("seed", draft.seed),
    ...(draft.device === "auto" ? {} : { device: draft.device }),
    policy: policyOf(draft),
  };
}

/** What decides whether the network can be trained. */
export function checkFormOf(draft: ModelDraft): CheckForm {
  const { dataset, network, layers, weights, mean } = draft;
  const batchSizes = numbers(draft.batchSizes).filter(isCount);
  const own = {
    ...optional("valBatchSize", draft.valBatchSize),
    ...optional("cropSize", draft.cropSize),
  };
  const counts = Object.entries(own).filter(([, value]) => isCount(value));
  return {
    ...{ network, layers, weights, mean },
    ...(dataset === "" ? {} : { dataset }),
    ...(batchSizes.length > 0 ? { batchSizes } : {}),
    ...Object.fromEntries(counts),
  };
}

/** What is only half typed says nothing yet. */
const isCount = (value: number) => Number.isInteger(value) && value > 0 && value <= 1_000_000;

/** What the preview of the first batch depends on. */
export function previewFormOf(draft: ModelDraft): PreviewForm {
  const augmentation = augmentationOf(draft.augmentation);
  return {
    ...{ dataset: draft.dataset, network: draft.network },
    ...optional("cropSize", draft.cropSize),
    ...optional("seed", draft.seed),
    ...(augmentation ? { augmentation } : {}),
  };
}

function policyOf({
  policy,
  stepPercent,
  percents,
  gamma,
  power,
}: PolicyDraft): JobSettings["policy"] {
  const values: Record<string, unknown> = { ...defaultPolicies[policy] };
  const typed = { stepPercent, gamma, power };
  for (const [field, text] of Object.entries(typed))
    if (field in values) values[field] = Number(text);
  if ("percents" in values) values.percents = numbers(percents);
  return values as JobSettings["policy"];
}

function numbers(text: string): number[] {
  return text
    .split(/[\s,]+/)
    .filter((word) => word !== "")
    .map(Number);
}

function optional<Key extends string>(key: Key, text: string): { [K in Key]?: number } {
  return text.trim() === "" ? {} : ({ [key]: Number(text) } as { [K in Key]?: number });
}

/** The learning rate over the training, `count` values from its beginning to its end. */
export function policyCurve(draft: ModelDraft, count: number): number[] {
  const base = numbers(draft.learningRates)[0] ?? 0;
  const policy = policyOf(draft);
  return Array.from({ length: count }, (_, i) => base * factorAt(policy, (i / (count - 1)) * 100));
}

function factorAt(policy: JobSettings["policy"], percent: number): number {
  switch (policy.policy) {
    case "step":
      return policy.gamma ** Math.floor(percent / policy.stepPercent);
    case "multistep":
      return policy.gamma ** policy.percents.filter((step) => percent >= step).length;
    case "exp":
      return policy.gamma ** percent;
    case "inv":
      return (1 + policy.gamma * percent) ** -policy.power;
    case "poly":
      return (1 - percent / 100) ** policy.power;
    case "sigmoid":
      return 1 / (1 + Math.exp(policy.gamma * (percent - policy.stepPercent)));
    default:
      return 1;
  }
}
