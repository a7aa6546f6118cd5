/** @file The trained model in a job folder: deploy net, weights of a snapshot, and what its images went through. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readMeanImage } from "../data/index.ts";
import { ModelFileError } from "../errors.ts";
import { type TransformationParameter, parsePrototxt } from "../schema/index.ts";
import type { Mean } from "./float-image.ts";
import { jobFiles, readJobRecord } from "./job-record.ts";
import type { SegmenterOptions } from "./segmenter.ts";
import { jobSnapshots } from "./train-job.ts";

/**
 * The model of a job, ready for `Segmenter.open`.
 * @param iter the snapshot's iteration; the newest if absent
 * @throws ModelFileError where the job has no such snapshot
 */
export async function jobModel(
  folder: string,
  iter?: number,
): Promise<SegmenterOptions & { readonly iter: number }> {
  const record = readJobRecord(folder);
  const snapshots = jobSnapshots(folder, record);
  const snapshot =
    iter === undefined ? snapshots[0] : snapshots.find((candidate) => candidate.iter === iter);
  if (!snapshot) {
    const known = snapshots.map((candidate) => candidate.iter).join(", ");
    throw new ModelFileError(
      iter === undefined
        ? `${folder} has no snapshot yet`
        : `${folder} has no snapshot of iteration ${iter}; it has ${known || "none"}`,
    );
  }
  const transform = trainingTransform(folder);
  return {
    model: join(folder, jobFiles.deploy),
    weights: snapshot.file,
    iter: snapshot.iter,
    layers: [folder],
    mean: transform && (await meanOf(transform, folder)),
    scale: transform?.scale,
  };
}

/** What the training images went through. */
function trainingTransform(folder: string): TransformationParameter | undefined {
  const fileName = join(folder, jobFiles.trainVal);
  const trainVal = parsePrototxt(readFileSync(fileName, "utf8"), {
    message: "NetParameter",
    fileName,
  });
  return trainVal.layer.find(({ type }) => type === "Data")?.transformParam;
}

/** @param folder what a relative path is relative to */
async function meanOf(
  { meanFile: file, meanValue }: TransformationParameter,
  folder: string,
): Promise<Mean | undefined> {
  if (file !== undefined) return { image: await readMeanImage(resolve(folder, file)) };
  return meanValue.length > 0 ? { perChannel: meanValue } : undefined;
}
