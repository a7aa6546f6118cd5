/** @file What a dataset's form would make: its files are found and dealt out, none is read. */
import { CaffeError } from "../../errors.ts";
import { type Grouped, splitEntries } from "../../plugins/dataset/split.ts";
import { splitPairs } from "../../plugins/images/pairs.ts";
import { discoverPairs } from "../../plugins/sunnybrook/discover.ts";
import type { DatasetPreview, DatasetSources } from "../dataset-types.ts";
import { folderOf } from "./dataset-commands.ts";
import { Refusal } from "./refusal.ts";
import type { Roots } from "./roots.ts";

const SHOWN = 5;
const SLICES_OF_PHANTOM = 16;

interface Dealt {
  readonly train: readonly Grouped[];
  readonly val: readonly Grouped[];
  readonly leftOut?: readonly { readonly reason: string }[];
}

/** @throws Refusal at the folder that is to blame */
export async function checkDataset(
  form: DatasetSources & { readonly patients?: number },
  context: { readonly roots: Roots },
): Promise<DatasetPreview> {
  if (form.kind === "phantom") return previewOf(dealtPhantom(form));
  const images = await folderOf(form, "images", context.roots);
  const second = form.kind === "sunnybrook" ? "contours" : "labels";
  const labels = await folderOf(form, second, context.roots);
  try {
    const dealt =
      form.kind === "sunnybrook"
        ? await dealtSunnybrook(form, images, labels)
        : await dealtImages(form, images, labels, context.roots);
    return withoutCases(form, previewOf(dealt));
  } catch (error) {
    if (!(error instanceof CaffeError)) throw error;
    throw new Refusal(400, error.message, fieldOf(error.message, { images, [second]: labels }));
  }
}

/** A regular expression of the user's may take for ever: only the command that makes the dataset runs it. */
function withoutCases({ groupRegex }: DatasetSources, preview: DatasetPreview): DatasetPreview {
  return groupRegex === undefined ? preview : { ...preview, cases: 0, sharedCases: 0 };
}

function splitOf({ split = "slice", valPercent = 10, seed = 0 }: DatasetSources) {
  return { split, valPercent, seed };
}

async function dealtSunnybrook(
  form: DatasetSources,
  images: string,
  contours: string,
): Promise<Dealt> {
  const { pairs, leftOut } = await discoverPairs(images, contours);
  const entries = pairs.map(({ caseName, instance }) => ({
    id: `${caseName}/${String(instance).padStart(4, "0")}`,
    group: caseName,
  }));
  return { ...splitEntries(entries, splitOf(form)), leftOut };
}

async function dealtImages(
  form: DatasetSources,
  images: string,
  labels: string,
  roots: Roots,
): Promise<Dealt> {
  const separate = form.valImages !== undefined || form.valLabels !== undefined;
  const val = separate
    ? {
        valImages: await folderOf(form, "valImages", roots),
        valLabels: await folderOf(form, "valLabels", roots),
      }
    : {};
  return splitPairs({ images, labels, ...val, ...splitOf(form) });
}

function dealtPhantom(form: DatasetSources & { readonly patients?: number }): Dealt {
  const patients = form.patients ?? 12;
  const entries = Array.from({ length: patients * SLICES_OF_PHANTOM }, (_, i) => ({
    id: String(i).padStart(6, "0"),
    group: String(Math.floor(i / SLICES_OF_PHANTOM)),
  }));
  return splitEntries(entries, splitOf(form));
}

function previewOf({ train, val, leftOut = [] }: Dealt): DatasetPreview {
  const training = new Set(train.map(({ group }) => group));
  const validating = new Set(val.map(({ group }) => group));
  return {
    train: train.length,
    val: val.length,
    cases: new Set([...training, ...validating]).size,
    sharedCases: [...validating].filter((group) => training.has(group)).length,
    leftOut: leftOut.slice(0, SHOWN).map(({ reason }) => reason),
    leftOutCount: leftOut.length,
  };
}

/** The field whose folder an error begins with; "" for one that is about both. */
function fieldOf(message: string, folders: Readonly<Record<string, string>>): string {
  const found = Object.entries(folders).find(([, folder]) => message.startsWith(`${folder}:`));
  return found?.[0] ?? "";
}
