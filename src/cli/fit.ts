/** @file `cortado fit`: trains a network on a dataset in a job folder, as DIGITS' model form does. */
import { relative, resolve } from "node:path";
import { generalNumber } from "../core/general-number.ts";
import { glogLogger } from "../core/glog.ts";
import { type DeviceChoice, resolveDevice } from "../device/index.ts";
import { ModelFileError, UsageError } from "../errors.ts";
import { isInterrupted, readJobRecord } from "../job/job-record.ts";
import { type PreparedJob, prepareJob } from "../job/prepare-job.ts";
import { type JobResult, trainJob } from "../job/train-job.ts";
import { readPrototxtText } from "../net/read-prototxt.ts";
import { cpuOptions, netFlags, netOptions, text } from "./caffe-flags.ts";
import type { Command, FlagValues, Io } from "./command.ts";
import { deviceFlag } from "./device-flags.ts";
import { fenceFlag, fenceOf, fenceReadFlag } from "./fence-flags.ts";
import { clonedFiles, fitFlags, settingsOf } from "./fit-settings.ts";
import { jobProgress } from "./job-progress.ts";

export const fitCommand: Command = {
  name: "fit",
  summary: "train a network on a dataset, in a job folder, as DIGITS does",
  flags: {
    ...fitFlags,
    out: { type: "string", value: "JOB", summary: "the job folder to make" },
    resume: {
      type: "string",
      value: "JOB",
      summary: "train a prepared, stopped or killed job on, from its newest snapshot",
    },
    clone: { type: "string", value: "JOB", summary: "start from the settings of another job" },
    force: { type: "boolean", summary: "replace a job folder that exists", default: false },
    "prepare-only": { type: "boolean", summary: "write the job, do not train", default: false },
    "fence-layers": fenceFlag,
    "fence-read": fenceReadFlag,
    threads: netFlags.threads,
    engine: netFlags.engine,
  },

  async run(flags, _positionals, io) {
    const resume = text(flags, "resume");
    if (resume !== "") return train(resumedFolder(resolve(io.cwd, resume), flags), flags, io, true);
    const job = await prepare(flags, io);
    for (const note of job.notes) io.err(`note: ${note}`);
    io.err(describe(job));
    return flags["prepare-only"] === true ? 0 : train(job.folder, flags, io, false);
  },
};

async function prepare(flags: FlagValues, io: Io): Promise<PreparedJob> {
  if (flags.out === undefined) {
    throw new UsageError("give --out with the job folder to make, or --resume with one to go on");
  }
  const clone = text(flags, "clone");
  const from = clone === "" ? undefined : clonedFiles(resolve(io.cwd, clone));
  const settings = settingsOf(flags, io.cwd, from);
  return prepareJob({
    settings,
    networkText: readPrototxtText(
      from && flags.network === undefined ? from.network : settings.network,
      "the network's text",
    ),
    out: resolve(io.cwd, text(flags, "out")),
    force: flags.force === true,
  });
}

/** @throws UsageError for a job that runs, and for flags that a prepared job has settled already */
function resumedFolder(folder: string, flags: FlagValues): string {
  const settled = ["out", "clone", "force", "prepare-only", ...Object.keys(fitFlags)].filter(
    (name) => name !== "device",
  );
  const wrong = settled.find((name) => flags[name] !== undefined && flags[name] !== false);
  if (wrong !== undefined) {
    throw new UsageError(`--${wrong} means nothing to --resume: the job keeps its settings`);
  }
  const record = readJobRecord(folder);
  if (record.status === "running" && !isInterrupted(record)) {
    throw new UsageError(`${folder} is being trained by process ${record.pid}`);
  }
  return folder;
}

async function train(folder: string, flags: FlagValues, io: Io, resume: boolean): Promise<number> {
  const result = await trainJob(folder, {
    ...netOptions(flags),
    ...(await deviceOption(flags)),
    fence: fenceOf(flags, io.cwd),
    ...(io.progress ? { observer: jobProgress(io.progress) } : { logger: glogLogger(io.err) }),
    ...(io.signal ? { signal: io.signal } : {}),
    resume,
  }).catch((error: unknown) => {
    throw withAdvice(error);
  });
  for (const line of endLines(result, io.cwd)) io.out(line);
  return 0;
}

/** The device that a flag names; a resumed job may go on with another one than that of its settings. */
async function deviceOption(flags: FlagValues): Promise<{ device?: DeviceChoice }> {
  const device = deviceFlag(flags);
  if (flags.engine !== undefined) return { device: await resolveDevice(device, cpuOptions(flags)) };
  return device === undefined ? {} : { device };
}

/** Caffe's most frequent refusal, with the two ways on. */
function withAdvice(error: unknown): unknown {
  const isMismatch = error instanceof ModelFileError && /^Cannot copy param/.test(error.message);
  if (!isMismatch) return error;
  const advice =
    "(Colour weights want a dataset made with --channels RGB; " +
    "`cortado surgery` copies what fits of other weights.)";
  return new ModelFileError(`${error.message} ${advice}`, { cause: error });
}

function describe({ record, solver, dataset }: PreparedJob): string {
  const { trainCount, valCount, maxIter, batchSize } = record.size;
  const shape = dataset.featureShape.join(" x ");
  return (
    `${trainCount} training and ${valCount} validation images of ${shape}; ${record.settings.epochs} epochs ` +
    `of ${maxIter / record.settings.epochs} iterations, batch ${batchSize}, ${solver.type}, ` +
    `learning rate ${generalNumber(record.settings.learningRate)} (${record.settings.policy.policy})`
  );
}

function endLines(result: JobResult, cwd: string): string[] {
  const { folder, best, snapshots, curve, record } = result;
  const shown = (path: string) => relative(cwd, path) || ".";
  const lines = [record.status === "aborted" ? "Stopped before the end." : "Done."];
  if (best) {
    lines.push(
      `best val ${best.name}: ${generalNumber(best.value)} at epoch ${generalNumber(best.epoch)}`,
    );
    if (/dice/i.test(best.name) && best.value === 0) {
      lines.push(
        "A Dice of 0 means that the net predicts no foreground at all: it has learned nothing yet. " +
          "Weights that start at 0, or a learning rate that does not fit, are the usual reasons.",
      );
    }
  }
  const newest = snapshots[0];
  if (newest) {
    lines.push(
      `${snapshots.length} snapshot(s) in ${shown(folder)}; the newest is ${shown(newest.file)}`,
    );
    lines.push(`try it: cortado infer --job ${shown(folder)} --input IMAGE --overlay overlay.png`);
  }
  if (curve) lines.push(`training curve: ${shown(curve)}`);
  return lines;
}
