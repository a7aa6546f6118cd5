/** @file What a job must know of a dataset folder: counts, shapes, mean. */
import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { decodeDatum, decodeImage, openLmdb, readMeanImage } from "../data/index.ts";
import { DataSourceError } from "../errors.ts";

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
  const train = readPart(folder, "train_db");
  if (!train) {
    throw new DataSourceError(
      `${path} is no dataset to train on: there are no records in train_db/features. ` +
        'Make one with "cortado dataset"',
    );
  }
  return {
    folder,
    train,
    val: readPart(folder, "val_db"),
    featureShape: await firstShape(train.features),
    mean: await readMean(join(folder, "train_db", "mean.binaryproto")),
  };
}

function readPart(folder: string, name: string): DatasetPart | undefined {
  const features = join(folder, name, "features");
  const labels = join(folder, name, "labels");
  if (!isFolder(features)) return undefined;
  const count = countRecords(features);
  if (count === 0) return undefined;
  const labelled = isFolder(labels);
  if (labelled && countRecords(labels) !== count) {
    throw new DataSourceError(
      `${join(folder, name)}: ${count} features and ${countRecords(labels)} labels; they must be as many`,
    );
  }
  return { count, features, labels: labelled ? labels : undefined };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function countRecords(folder: string): number {
  const reader = openLmdb(folder);
  try {
    return reader.entries;
  } finally {
    reader.close();
  }
}

/** The shape of the first record; an encoded image has as many channels as it is decoded to. */
async function firstShape(folder: string): Promise<ImageShape> {
  const reader = openLmdb(folder);
  try {
    const cursor = reader.cursor();
    cursor.first();
    const {
      channels = 1,
      height = 1,
      width = 1,
      encoded,
      data,
    } = decodeDatum(cursor.value, `the first record of ${folder}`);
    if (!encoded || !data) return [channels, height, width];
    const image = await decodeImage(data, `the first record of ${folder}`);
    return [image.channels, image.height, image.width];
  } finally {
    reader.close();
  }
}

/** The mean of a dataset, one number a channel beside the file. */
async function readMean(file: string): Promise<JobDataset["mean"]> {
  if (!existsSync(file)) return undefined;
  const { channels, height, width, data } = await readMeanImage(file);
  const pixels = height * width;
  const means = Array.from({ length: channels }, (_, c) => {
    const plane = data.subarray(c * pixels, (c + 1) * pixels);
    return plane.reduce((sum, value) => sum + value, 0) / pixels;
  });
  return { file, channels: means };
}
