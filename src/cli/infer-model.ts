/** @file Which model `cortado infer` runs: from the flags, or from a job folder. */
import { resolve } from "node:path";
import { readMeanImage } from "../data/index.ts";
import { UsageError } from "../errors.ts";
import type { Mean } from "../job/float-image.ts";
import { jobModel } from "../job/job-model.ts";
import type { SegmenterOptions } from "../job/segmenter.ts";
import { list, text } from "./caffe-flags.ts";
import type { FlagValues } from "./command.ts";

/** @throws UsageError where neither flags nor a job say which model and weights */
export async function modelOf(flags: FlagValues, cwd: string): Promise<SegmenterOptions> {
  const snapshot = flags.snapshot === undefined ? undefined : Number(flags.snapshot);
  const job =
    text(flags, "job") === ""
      ? undefined
      : await jobModel(resolve(cwd, text(flags, "job")), snapshot);
  const file = (name: "model" | "weights") =>
    flags[name] === undefined ? job?.[name] : resolve(cwd, text(flags, name));
  const [model, weights] = [file("model"), file("weights")];
  if (typeof model !== "string" || weights === undefined) {
    throw new UsageError("give --model and --weights, or --job with a folder that has both");
  }
  const given = flags.mean === undefined ? undefined : await meanFlag(text(flags, "mean"), cwd);
  return {
    model,
    weights,
    layers: [...list(flags, "layers").map((path) => resolve(cwd, path)), resolve(model, "..")],
    mean: given ?? job?.mean,
    scale: job?.scale,
  };
}

async function meanFlag(given: string, cwd: string): Promise<Mean> {
  const values = given.split(",").map(Number);
  if (values.every(Number.isFinite)) return { perChannel: values };
  return { image: await readMeanImage(resolve(cwd, given)) };
}
