/** @file Records of a dataset as images and class maps. */
import { join } from "node:path";
import { decodeDatum, openLmdb } from "../../data/index.ts";
import type { ClassMap } from "../../job/class-map.ts";
import { type FloatImage, shownImage } from "../../job/float-image.ts";
import type { Picture } from "../../job/picture.ts";
import { imageOf } from "../../plugins/dataset/statistics.ts";
import { Refusal } from "./refusal.ts";

export type Stage = "train" | "val";

/** The darkest and the brightest half percent of the values may saturate. */
const SATURATED = 0.005;

/** @throws Refusal where there is no such record */
export async function readRecordImage(
  dataset: string,
  stage: Stage,
  index: number,
): Promise<FloatImage> {
  const found = await readPlanes(join(dataset, `${stage}_db`, "features"), index);
  if (!found) throw new Refusal(404, `there is no record ${index} in ${stage}_db`);
  return found;
}

/** The label image of a record; undefined where the dataset has none. */
export async function readRecordLabel(
  dataset: string,
  stage: Stage,
  index: number,
): Promise<ClassMap | undefined> {
  const found = await readPlanes(join(dataset, `${stage}_db`, "labels"), index).catch(
    () => undefined,
  );
  if (!found) return undefined;
  const { width, height, data } = found;
  return { width, height, classes: Uint8Array.from(data.subarray(0, width * height)) };
}

async function readPlanes(folder: string, index: number): Promise<FloatImage | undefined> {
  const reader = openLmdb(folder);
  try {
    const key = String(index).padStart(9, "0");
    const value = reader.get(key);
    if (!value) return undefined;
    const what = `${folder}: record ${key}`;
    const planes = await imageOf(decodeDatum(value, what), what);
    return { ...planes, data: Float32Array.from(planes.data) };
  } finally {
    reader.close();
  }
}

/** As `shownImage`, but values that are no bytes are cut off at both ends, so that one bright spot does not darken the rest. */
export function windowed(image: FloatImage): Picture {
  const isBytes = image.data.every((value) => value >= 0 && value <= 255);
  if (isBytes) return shownImage(image);
  const sorted = Float32Array.from(image.data).sort();
  const at = (share: number) => sorted[Math.round((sorted.length - 1) * share)]!;
  const [low, high] = [at(SATURATED), at(1 - SATURATED)];
  const data = image.data.map((value) => Math.min(high, Math.max(low, value)));
  return shownImage({ ...image, data });
}
