/** @file The trainings of the demo. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { prepareJob } from "../../job/prepare-job.ts";
import { type JobSettings, defaultPolicies, defaultSettings } from "../../job/settings.ts";
import { type JobResult, trainJob } from "../../job/train-job.ts";
import type { Io } from "../command.ts";
import { jobProgress } from "../job-progress.ts";

export type DemoJob = Pick<JobSettings, "dataset" | "network" | "epochs" | "learningRate"> &
  Partial<JobSettings> & {
    /** Folder of the job in the demo's folder. */
    readonly name: string;
  };

export interface DemoJobOptions {
  readonly out: string;
  readonly seed: number;
  readonly threads?: number;
  readonly layers: readonly string[];
  readonly io: Io;
}

/** Prepares and trains a job: one snapshot at its end, a validation each epoch, no mean. */
export async function trainDemoJob(
  { name, ...settings }: DemoJob,
  { out, seed, threads, layers, io }: DemoJobOptions,
): Promise<JobResult> {
  const job = await prepareJob({
    settings: {
      ...defaultSettings,
      ...{ layers, seed, mean: "none", policy: defaultPolicies.step, snapshotInterval: 0 },
      ...settings,
    },
    networkText: readFileSync(settings.network, "utf8"),
    out: join(out, name),
  });
  return trainJob(job.folder, {
    ...(threads === undefined ? {} : { threads }),
    ...(io.progress ? { observer: jobProgress(io.progress) } : {}),
    ...(io.signal ? { signal: io.signal } : {}),
  });
}
