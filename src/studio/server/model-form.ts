/** @file The model form: what may stand in it, the models that it asks for, and their settings. */
import { deviceNames } from "../../device/index.ts";
import {
  type JobAugmentation,
  type JobSettings,
  defaultSettings,
  meanSubtractions,
} from "../../job/settings.ts";
import { solverTypes } from "../../solver/solver-types.ts";
import type { ModelForm } from "../api-types.ts";
import type { Context } from "./context.ts";
import { Refusal } from "./refusal.ts";
import { fileRefs, id, networkText } from "./schemas.ts";
import { filePath } from "./uploads.ts";

const percent = { type: "number", exclusiveMinimum: 0, maximum: 100 } as const;
const rate = { type: "number", minimum: 0, maximum: 1000 } as const;
const share = { type: "number", exclusiveMinimum: 0, maximum: 1 } as const;
export const count = { type: "integer", minimum: 1, maximum: 1_000_000 } as const;
const interval = { type: "number", minimum: 0, maximum: 1_000_000 } as const;

const policy = {
  type: "object",
  required: ["policy"],
  additionalProperties: false,
  properties: {
    policy: { enum: ["fixed", "step", "multistep", "exp", "inv", "poly", "sigmoid"] },
    stepPercent: percent,
    percents: { type: "array", items: percent, minItems: 1, maxItems: 50 },
    gamma: { type: "number" },
    power: { type: "number" },
  },
} as const;

const seed = { type: "integer", minimum: 0, maximum: 2 ** 31 - 1 } as const;

/** Limits are those of the layers, which know them better. */
const augmentation = {
  type: "object",
  additionalProperties: false,
  properties: {
    ...{ flipX: { type: "boolean" }, flipY: { type: "boolean" } },
    ...{ rotate: rate, scale: rate, shift: rate, elastic: rate, elasticGrid: rate },
    ...{ brightness: rate, contrast: rate, gamma: rate, noise: rate },
  } satisfies { [Field in keyof JobAugmentation]: unknown },
} as const;

export const modelForm = {
  type: "object",
  additionalProperties: false,
  required: [
    ...["name", "dataset", "network", "layers", "weights"],
    ...["epochs", "learningRates", "policy"],
  ],
  properties: {
    ...{ name: id, dataset: id, network: networkText, layers: fileRefs, weights: fileRefs },
    ...{ epochs: count, snapshotInterval: interval, valInterval: interval },
    learningRates: { type: "array", items: rate, minItems: 1, maxItems: 10 },
    batchSizes: { type: "array", items: count, maxItems: 10 },
    ...{ valBatchSize: count, iterSize: count },
    ...{ solverType: { enum: [...solverTypes] }, rmsDecay: share, policy },
    ...{ mean: { enum: [...meanSubtractions] }, cropSize: count, augmentation, seed },
    device: { enum: [...deviceNames] },
  },
} as const;

export const previewForm = {
  type: "object",
  additionalProperties: false,
  required: ["dataset", "network"],
  properties: { dataset: id, network: networkText, cropSize: count, augmentation, seed },
} as const;

export type Variant = { readonly name: string } & Partial<
  Pick<JobSettings, "learningRate" | "batchSize">
>;

/** One model for each pair of a learning rate and a batch size. */
export function variantsOf({ name, learningRates, batchSizes = [] }: ModelForm): Variant[] {
  const sizes = batchSizes.length > 0 ? batchSizes : [undefined];
  return learningRates.flatMap((learningRate) =>
    sizes.map((batchSize) => ({
      name: [
        name,
        ...(learningRates.length > 1 ? [`lr${learningRate}`] : []),
        ...(sizes.length > 1 ? [`batch${batchSize}`] : []),
      ].join("-"),
      learningRate,
      ...(batchSize === undefined ? {} : { batchSize }),
    })),
  );
}

/** The settings that all variants share, with the paths of the files that the form names. */
export async function settingsOf(form: ModelForm, context: Context): Promise<JobSettings> {
  const { epochs, policy: given, snapshotInterval, valInterval, valBatchSize, iterSize } = form;
  const { solverType, rmsDecay, mean, cropSize, seed: start, device } = form;
  const paths = (refs: ModelForm["layers"], field: string) =>
    Promise.all(refs.map((ref) => filePath(ref, context, field)));
  return {
    ...defaultSettings,
    dataset: await datasetFolder(form.dataset, context),
    network: "network",
    layers: await paths(form.layers, "layers"),
    weights: await paths(form.weights, "weights"),
    ...{ epochs, policy: given },
    ...defined({ snapshotInterval, valInterval, valBatchSize, iterSize, solverType, rmsDecay }),
    ...defined({ mean, cropSize, seed: start, device, augmentation: effective(form.augmentation) }),
  };
}

/** @throws Refusal for a dataset that is not there, or not complete */
export async function datasetFolder(name: string, { jobs, roots }: Context): Promise<string> {
  const { kind, status } = await jobs.get(name);
  if (kind === "dataset" && status === "done") return roots.job(name);
  throw new Refusal(400, `${name} is no finished dataset`, "dataset");
}

/** Without what changes nothing; undefined where nothing is left. */
export function effective(augmentation: JobAugmentation = {}): JobAugmentation | undefined {
  const entries = Object.entries(augmentation).filter(
    ([, value]) => value !== 0 && value !== false,
  );
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as JobAugmentation);
}

function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
