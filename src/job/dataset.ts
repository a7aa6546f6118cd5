/** @file What a job must know of a dataset folder: counts, shapes, mean. */
import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { decodeDatum, openLmdb } from "../data/index.ts";
import { DataSourceError } from "../errors.ts";
import { blobFromProto, readBinaryProto } from "../model-file/index.ts";

/** Channels, height and width. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** One half of a dataset: absolute paths of its LMDB folders. */
export interface DatasetPart {
  readonly count: number;
  readonly features: string;
  /** Absent where the label is a number inside the feature records. */
  readonly labels: string | undefined;
}

export interface JobDataset {
  readonly folder: string;
  readonly train: DatasetPart;
  readonly val: DatasetPart | undefined;
  /** Shape of the first training image. */
  readonly featureShape: ImageShape;
  readonly mean: { readonly file: string; readonly channels: readonly number[] } | undefined;
}

/**
 * Reads a folder in DIGITS' layout: `train_db/{features,labels,mean.binaryproto}`, `val_db/...`.
 * @throws DataSourceError where there is no training set in it
 */
export async function readJobDataset(path: string): Promise<JobDataset> {
  const folder = resolve(path);
  const features = join(folder, "train_db", "features");
  if (!existsSync(join(features, "data.mdb"))) {
    throw new DataSourceError(
      `${path} is not a dataset: it has no train_db/features/data.mdb; make one with "cortado dataset"`,
    );
  }
  const train = await readPart(folder, "train_db");
  if (!train) throw new DataSourceError(`the training set in ${path} is empty`);
  return {
    folder,
    train,
    val: await readPart(folder, "val_db"),
    featureShape: await firstShape(features),
    mean: await readMean(join(folder, "train_db", "mean.binaryproto")),
  };
}

async function readPart(folder: string, name: string): Promise<DatasetPart | undefined> {
  const features = join(folder, name, "features");
  if (!isFolder(features)) return undefined;
  const count = await countRecords(features);
  if (count === 0) return undefined;
  const labels = join(folder, name, "labels");
  return { count, features, labels: isFolder(labels) ? labels : undefined };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
