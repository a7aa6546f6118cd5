/** @file The picture of the demo: the same slices as two nets see them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Device } from "../../device/index.ts";
import { shownImage } from "../../job/float-image.ts";
import { jobFiles } from "../../job/job-record.ts";
import { overlay } from "../../job/overlay.ts";
import { type Picture, pngOf, sheet } from "../../job/picture.ts";
import { Segmenter } from "../../job/segmenter.ts";
import type { JobResult } from "../../job/train-job.ts";
import { DATASET_FILE } from "../../plugins/dataset/build.ts";
import { readImage, readLabel } from "../../job/read-image.ts";

const SLICES = 4;
const SCALE = 2;

interface Source {
  readonly images: string;
  readonly contours: string;
}

/** A PNG with a row for each job, and a validation slice in each column. */
export async function overlaySheet(
  dataset: string,
  source: Source,
  jobs: readonly JobResult[],
  device: Device,
): Promise<Uint8Array> {
  const records = validationRecords(dataset);
  const every = Math.max(1, Math.floor(records.length / SLICES));
  const chosen = records.filter((_, index) => index % every === 0).slice(0, SLICES);
  const rows: Picture[][] = [];
  for (const job of jobs) {
    const segmenter = await segmenterOf(job, device);
    const row: Picture[] = [];
    for (const record of chosen) row.push(await draw(segmenter, record, source));
    segmenter.dispose();
    rows.push(row);
  }
  return pngOf(sheet(rows));
}

interface SliceRecord {
  readonly image: string;
  readonly contour: string;
}

function validationRecords(dataset: string): SliceRecord[] {
  const json = readFileSync(join(dataset, DATASET_FILE), "utf8");
  return (JSON.parse(json) as { val: { records: SliceRecord[] } }).val.records;
}

function segmenterOf({ snapshots, folder }: JobResult, device: Device): Promise<Segmenter> {
  return Segmenter.open({
    model: join(folder, jobFiles.deploy),
    weights: snapshots[0]!.file,
    device,
  });
}

async function draw(segmenter: Segmenter, record: SliceRecord, source: Source): Promise<Picture> {
  const image = await readImage(join(source.images, record.image));
  const label = await readLabel(join(source.contours, record.contour), image.width, image.height);
  const { map, classCount } = await segmenter.segment(image);
  return overlay(shownImage(image), map, { classCount, scale: SCALE, lineWidth: 2, label });
}
