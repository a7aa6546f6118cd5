/** @file Records of a dataset as images and class maps, for pages. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ClassMap } from "../../job/class-map.ts";
import { DatasetRecords, type Stage } from "../../job/dataset-records.ts";
import { type FloatImage, shownImage } from "../../job/float-image.ts";
import type { Picture } from "../../job/picture.ts";
import { notFound } from "./refusal.ts";

export type { Stage };

/** The darkest and the brightest half percent of the values may saturate. */
const SATURATED = 0.005;

export interface DatasetRecord {
  readonly image: FloatImage;
  /** Undefined where the dataset has no label images. */
  readonly label: ClassMap | undefined;
}

/** @throws Refusal where there is no such record */
export async function readRecord(
  dataset: string,
  stage: Stage,
  index: number,
): Promise<DatasetRecord> {
  const name = `record ${index} of ${stage}_db`;
  if (!existsSync(join(dataset, `${stage}_db`, "features"))) throw notFound(name);
  const records = new DatasetRecords(dataset, stage);
  try {
    const image = await records.image(index);
    if (!image) throw notFound(name);
    return { image, label: await records.label(index) };
  } finally {
    records.close();
  }
}

/** The values that are shown black and white: all of bytes, else without the extremes, so that one bright spot does not darken the rest. */
export function windowOf({ data }: FloatImage): { low: number; high: number } {
  const isByte = (value: number) => Number.isInteger(value) && value >= 0 && value <= 255;
  if (data.every(isByte)) return { low: 0, high: 255 };
  const sorted = Float32Array.from(data).sort();
  const at = (share: number) => sorted[Math.round((sorted.length - 1) * share)]!;
  return { low: at(SATURATED), high: at(1 - SATURATED) };
}

/** As `shownImage`, in `windowOf`. */
export function windowed(image: FloatImage): Picture {
  return shownImage(image, windowOf(image));
}
