/** @file `dataset.json` of a dataset in the jobs folder, as far as pages show it. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { DATASET_FILE } from "../../plugins/dataset/build.ts";
import { cachedByStamp } from "./cache.ts";

export interface StageOf {
  readonly count: number;
  readonly classPixels: readonly number[];
  readonly records: readonly Readonly<Record<string, string | number>>[];
}

export interface DatasetFile {
  readonly kind: string;
  readonly classNames: readonly string[];
  /** A colour for each class. */
  readonly palette?: readonly (readonly [red: number, green: number, blue: number])[];
  readonly settings: Readonly<Record<string, unknown>>;
  readonly featureEncoding: "none" | "png";
  readonly labelEncoding?: "none" | "png";
  readonly featureShape: readonly number[];
  readonly labelShape: readonly number[];
  readonly train: StageOf;
  readonly val: StageOf;
  readonly leftOut: readonly { readonly id: string; readonly reason: string }[];
  /** When it was written, ISO 8601. */
  readonly written: string;
}

/** @returns undefined for a folder that is no dataset of cortado */
export const readDatasetFile = cachedByStamp(async (folder: string) => {
  const file = join(folder, DATASET_FILE);
  const content = JSON.parse(await readFile(file, "utf8")) as Partial<DatasetFile> & {
    format?: string;
  };
  if (content.format !== "cortado-dataset" || !content.train || !content.val) return undefined;
  const { mtime } = await stat(file);
  return { ...(content as DatasetFile), written: mtime.toISOString() };
}, DATASET_FILE);
