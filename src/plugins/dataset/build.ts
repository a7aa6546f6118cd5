/** @file Makes a dataset folder in DIGITS' layout from entries, with `dataset.json` beside the databases. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Logger, silentLogger } from "../../core/logger.ts";
import { DataSourceError } from "../../errors.ts";
import type { RecordEncoding } from "./record.ts";
import { inFolder, writeFolder } from "./output-folder.ts";
import { checkDistinct, warnOfSharedPatients } from "./split.ts";
import { type Entry, type StageSummary, writeStage } from "./stage.ts";

/** What every way of making a dataset can be told. */
export interface DatasetOptions {
  /** The folder to make. */
  readonly out: string;
  readonly featureEncoding?: RecordEncoding;
  readonly labelEncoding?: RecordEncoding;
  /** Replaces `out` if it is a dataset already. */
  readonly force?: boolean;
  readonly logger?: Logger | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What kind of dataset it is, for `dataset.json`. */
export interface DatasetDescription {
  readonly kind: string;
  readonly classNames: readonly string[];
  /** A colour for each class. */
  readonly palette: readonly (readonly [red: number, green: number, blue: number])[];
  /** The settings that, with the same sources, make the same dataset again. */
  readonly settings: Readonly<Record<string, string | number | readonly string[]>>;
}

/** What a dataset will hold, before anything is decoded. */
export interface DatasetPlan {
  readonly train: readonly Entry[];
  readonly val: readonly Entry[];
  readonly description: DatasetDescription;
  /** Entries that were found wanting already. */
  readonly leftOut: readonly LeftOut[];
}

export interface LeftOut {
  readonly id: string;
  readonly reason: string;
}

export interface DatasetSummary {
  readonly folder: string;
  readonly train: number;
  readonly val: number;
  /** Entries that could not be used, with the reason. */
  readonly leftOut: readonly LeftOut[];
  readonly featureShape: readonly number[];
  readonly labelShape: readonly number[];
}

export const DATASET_FILE = "dataset.json";

/**
 * Writes train_db, val_db and dataset.json; a stage without records is left away.
 *
 * @throws DataSourceError when nothing is left to write, or the folder exists and may not be replaced.
 */
export async function buildDataset(
  plan: DatasetPlan,
  options: DatasetOptions,
): Promise<DatasetSummary> {
  const { out, logger = silentLogger, force = false } = options;
  const entries = [...plan.train, ...plan.val];
  for (const { reason } of plan.leftOut) logger.log("warning", "dataset", `left out: ${reason}`);
  checkDistinct(entries);
  const dropped = [...plan.leftOut];
  let done = 0;
  const stageOptions = {
    featureEncoding: options.featureEncoding ?? "none",
    labelEncoding: options.labelEncoding ?? "none",
    onLeftOut(entry: Entry, reason: string) {
      dropped.push({ id: entry.id, reason });
      logger.log("warning", "dataset", `left out: ${reason}`);
    },
    onRecord: () => options.onProgress?.(++done, entries.length),
    signal: options.signal,
  };
  return writeFolder(out, DATASET_FILE, force, async (folder) => {
    const train = await writeStage(join(folder, "train_db"), plan.train, stageOptions);
    const val = await writeStage(join(folder, "val_db"), plan.val, stageOptions);
    const any = train ?? val;
    if (!any) {
      throw new DataSourceError(`${out}: none of the ${entries.length} records could be read`);
    }
    checkStages(train, val);
    warnOfSharedPatients(plan, logger);
    const json = datasetJson(plan.description, stageOptions, { train, val }, dropped);
    await inFolder(out, () => writeFile(join(folder, DATASET_FILE), json));
    return {
      folder: out,
      train: train?.records.length ?? 0,
      val: val?.records.length ?? 0,
      leftOut: dropped,
      featureShape: any.featureShape,
      labelShape: any.labelShape,
    };
  });
}

function checkStages(train: StageSummary | undefined, val: StageSummary | undefined): void {
  if (!train || !val) return;
  const [a, b] = [train.featureShape.join(), val.featureShape.join()];
  if (a !== b) {
    throw new DataSourceError(
      `Feature shape mismatch (last:(${b}), previous:(${a})): training and validation images must have one shape`,
    );
  }
}

function datasetJson(
  description: DatasetDescription,
  encodings: { featureEncoding: RecordEncoding; labelEncoding: RecordEncoding },
  stages: { train: StageSummary | undefined; val: StageSummary | undefined },
  leftOut: readonly LeftOut[],
): string {
  const any = stages.train ?? stages.val;
  const stage = (summary: StageSummary | undefined) => ({
    count: summary?.records.length ?? 0,
    classPixels: summary?.classPixels ?? [],
    records: (summary?.records ?? []).map(({ key, about }) => ({ key, ...about })),
  });
  const content = {
    format: "cortado-dataset",
    version: 1,
    ...description,
    featureEncoding: encodings.featureEncoding,
    labelEncoding: encodings.labelEncoding,
    featureShape: any?.featureShape,
    labelShape: any?.labelShape,
    train: stage(stages.train),
    val: stage(stages.val),
    leftOut,
  };
  return `${JSON.stringify(content, null, 1)}\n`;
}
