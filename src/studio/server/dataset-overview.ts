/** @file What a dataset's page shows beside its records: balance of classes, patients, the mean image. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { sum } from "../../core/sum.ts";
import { readMeanImage } from "../../data/index.ts";
import { statisticsOf } from "../../job/array-statistics.ts";
import { classPalette } from "../../job/palette.ts";
import { pngOf } from "../../job/picture.ts";
import { recordName } from "../../job/record-name.ts";
import type { DatasetOverview, RecordDetail, StageOverview } from "../dataset-types.ts";
import { type DatasetFile, readDatasetFile } from "./dataset-file.ts";
import { type Stage, readRecord, windowOf, windowed } from "./records.ts";
import { notFound } from "./refusal.ts";

const MEAN_FILE = join("train_db", "mean.binaryproto");

/** @throws Refusal for a folder that is no dataset */
export async function datasetOverview(folder: string, id: string): Promise<DatasetOverview> {
  const file = await readDatasetFile(folder);
  if (!file) throw notFound(`the dataset ${id}`);
  const [training, validating] = [casesOf(file, "train"), casesOf(file, "val")];
  return {
    stages: (["train", "val"] as const)
      .filter((stage) => file[stage].count > 0)
      .map((stage) => stageOverview(folder, file, stage)),
    sharedCases: [...validating].filter((name) => training.has(name)).length,
    encodings: { features: file.featureEncoding, labels: file.labelEncoding ?? "none" },
    mean: await channelMeans(join(folder, MEAN_FILE)),
  };
}

function casesOf(file: DatasetFile, stage: Stage): Set<string | number> {
  const cases = file[stage].records.map((record) => record.case);
  return new Set(cases.filter((name) => name !== undefined));
}

function stageOverview(folder: string, file: DatasetFile, stage: Stage): StageOverview {
  const { count, classPixels } = file[stage];
  const total = Math.max(1, sum(classPixels));
  const colors = classPalette(Math.max(2, classPixels.length));
  const labels = `${stage}_db/labels`;
  return {
    stage,
    count,
    cases: casesOf(file, stage).size,
    classes: classPixels.map((pixels, index) => ({
      name: file.classNames[index] ?? `class ${index}`,
      pixels,
      share: pixels / total,
      color: file.palette?.[index] ?? colors[index]!,
    })),
    features: `${stage}_db/features`,
    labels: existsSync(join(folder, labels)) ? labels : undefined,
  };
}

async function channelMeans(file: string): Promise<number[] | undefined> {
  if (!existsSync(file)) return undefined;
  const { channels, height, width, data } = await readMeanImage(file);
  const pixels = height * width;
  return Array.from(
    { length: channels },
    (_, c) => statisticsOf(data.subarray(c * pixels, (c + 1) * pixels)).mean,
  );
}

/** @throws Refusal where the dataset has none */
export async function meanPicture(folder: string): Promise<Uint8Array> {
  const file = join(folder, MEAN_FILE);
  if (!existsSync(file)) throw notFound("the mean image");
  return pngOf(windowed(await readMeanImage(file)));
}

/** Everything about one record. @throws Refusal where there is no such record */
export async function recordDetail(
  folder: string,
  stage: Stage,
  index: number,
): Promise<RecordDetail> {
  const file = await readDatasetFile(folder);
  const { image, label } = await readRecord(folder, stage, index);
  const { key: _, ...facts } = file?.[stage].records[index] ?? {};
  const { min, max, mean } = statisticsOf(image.data);
  const counts = new Map<number, number>();
  for (const value of label?.classes ?? []) counts.set(value, (counts.get(value) ?? 0) + 1);
  const total = label?.classes.length ?? 1;
  return {
    title: recordName(facts, index),
    facts,
    shape: [image.channels, image.height, image.width],
    ...{ min, max, mean },
    window: windowOf(image),
    classes: [...counts]
      .sort(([a], [b]) => a - b)
      .map(([value, pixels]) => ({
        name: file?.classNames[value] ?? `class ${value}`,
        pixels,
        share: pixels / total,
      })),
  };
}
