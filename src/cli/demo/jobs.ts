/** @file The trainings of the demo. */
import { readFileSync } from "node:fs";
import { prepareJob } from "../../job/prepare-job.ts";
import { type JobSettings, defaultSettings } from "../../job/settings.ts";
import { type JobResult, trainJob } from "../../job/train-job.ts";
import { jobProgress } from "../job-progress.ts";
import type { Stage } from "./stage.ts";

export type DemoJob = Pick<JobSettings, "dataset" | "network" | "epochs" | "learningRate"> &
  Partial<JobSettings> & {
    /** Its folder in the demo's folder. */
    readonly name: string;
  };

/** Prepares and trains a job: one snapshot at its end, a validation each epoch, no mean. */
export async function trainDemoJob(
  { name, ...settings }: DemoJob,
  stage: Stage,
): Promise<JobResult> {
  const { io, options } = stage;
  const { seed, device } = options;
  const job = await prepareJob({
    settings: {
      ...defaultSettings,
      ...{ layers: [stage.diceLayer], seed, mean: "none", snapshotInterval: 0 },
      ...settings,
    },
    networkText: readFileSync(settings.network, "utf8"),
    out: stage.at(name),
  });
  return trainJob(job.folder, {
    device,
    ...(io.progress ? { observer: jobProgress(io.progress) } : {}),
    ...(io.signal ? { signal: io.signal } : {}),
  });
}
