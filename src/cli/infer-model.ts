/** @file Which model `cortado infer` runs: from the flags, or from a job folder. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readMeanImage } from "../data/index.ts";
import { ModelFileError, UsageError } from "../errors.ts";
import type { Mean } from "../job/float-image.ts";
import { jobFiles, readJobRecord } from "../job/job-record.ts";
import type { SegmenterOptions } from "../job/segmenter.ts";
import { jobSnapshots } from "../job/train-job.ts";
import { type TransformationParameter, parsePrototxt } from "../schema/index.ts";
import { list, text } from "./caffe-flags.ts";
import type { FlagValues } from "./command.ts";

/** @throws UsageError where neither flags nor a job say which model and weights */
export async function modelOf(flags: FlagValues, cwd: string): Promise<SegmenterOptions> {
  const job =
    text(flags, "job") === "" ? undefined : fromJob(resolve(cwd, text(flags, "job")), flags);
  const file = (name: "model" | "weights") =>
    flags[name] === undefined ? job?.[name] : resolve(cwd, text(flags, name));
  const [model, weights] = [file("model"), file("weights")];
  if (model === undefined || weights === undefined) {
    throw new UsageError("give --model and --weights, or --job with a folder that has both");
  }
  const given = flags.mean === undefined ? undefined : await meanFlag(text(flags, "mean"), cwd);
  const transform = job?.transform;
  return {
    model,
    weights,
    layers: [...list(flags, "layers").map((path) => resolve(cwd, path)), resolve(model, "..")],
    mean: given ?? (transform && (await meanOf(transform))),
    scale: transform?.scale,
  };
}

interface JobModel {
  readonly model: string;
  readonly weights: string;
  /** What the training images went through. */
  readonly transform: TransformationParameter | undefined;
}

function fromJob(folder: string, flags: FlagValues): JobModel {
  const record = readJobRecord(folder);
  const snapshots = jobSnapshots(folder, record);
  const wanted = flags.snapshot;
  const snapshot =
    wanted === undefined ? snapshots[0] : snapshots.find(({ iter }) => iter === wanted);
  if (!snapshot) {
    const known = snapshots.map(({ iter }) => iter).join(", ");
    throw new ModelFileError(
      wanted === undefined
        ? `${folder} has no snapshot yet`
        : `${folder} has no snapshot of iteration ${String(wanted)}; it has ${known || "none"}`,
    );
  }
  const fileName = join(folder, jobFiles.trainVal);
  const trainVal = parsePrototxt(readFileSync(fileName, "utf8"), {
    message: "NetParameter",
    fileName,
  });
  const data = trainVal.layer.find(({ type }) => type === "Data");
  return {
    model: join(folder, jobFiles.deploy),
    weights: snapshot.file,
    transform: data?.transformParam,
  };
}

async function meanFlag(given: string, cwd: string): Promise<Mean> {
  const values = given.split(",").map(Number);
  if (values.every(Number.isFinite)) return { perChannel: values };
  return { image: await readMeanImage(resolve(cwd, given)) };
}

async function meanOf({
  meanFile: file,
  meanValue,
}: TransformationParameter): Promise<Mean | undefined> {
  if (file !== undefined) return { image: await readMeanImage(file) };
  return meanValue.length > 0 ? { perChannel: meanValue } : undefined;
}
