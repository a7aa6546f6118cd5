/** @file The jobs in the jobs folder, as pages show them: from their own files and from tasks. */
import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type JobRecord, isInterrupted, jobFiles, readJobRecord } from "../../job/job-record.ts";
import type { MetricRecord } from "../../job/metric-values.ts";
import { jobSnapshots } from "../../job/train-job.ts";
import type { DatasetDetail, DatasetForm, JobSummary, ModelDetail } from "../api-types.ts";
import { readAbout } from "./about.ts";
import { cachedByStamp } from "./cache.ts";
import { type CurveDigest, curveDigest, curveRecords } from "./curves.ts";
import { type DatasetFile, readDatasetFile } from "./dataset-file.ts";
import { lastProgress } from "./log-tail.ts";
import { notFound } from "./refusal.ts";
import type { Roots } from "./roots.ts";
import type { Task, TaskFiles } from "./task.ts";
import type { TaskQueue } from "./task-queue.ts";

const readRecord = cachedByStamp(async (folder) => readJobRecord(folder), jobFiles.record);

type Curves = "all curves" | "known curves";

export class Jobs {
  readonly #roots: Roots;
  readonly #files: TaskFiles;
  readonly #queue: TaskQueue;

  constructor(roots: Roots, files: TaskFiles, queue: TaskQueue) {
    this.#roots = roots;
    this.#files = files;
    this.#queue = queue;
  }

  /** Newest first; with "known curves" it does not wait for those that were never read. */
  async list(curves: Curves = "all curves"): Promise<JobSummary[]> {
    const entries = await readdir(this.#roots.jobs, { withFileTypes: true });
    const names = entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
      .map(({ name }) => name);
    const ids = new Set([...names, ...[...this.#queue.all()].map(({ id }) => id)]);
    const found = await Promise.all([...ids].map((id) => this.#summary(id, curves)));
    return found
      .filter((job) => job !== undefined)
      .sort((a, b) => b.created.localeCompare(a.created));
  }

  /** @throws Refusal where there is no such job */
  async get(id: string): Promise<JobSummary> {
    const found = await this.#summary(id);
    if (!found) throw notFound(id);
    return found;
  }

  /** Whether the name is taken, by a job or by any other folder. */
  async isTaken(id: string): Promise<boolean> {
    return existsSync(this.#roots.job(id)) || this.#queue.get(id) !== undefined;
  }

  async model(id: string): Promise<ModelDetail> {
    const folder = this.#roots.job(id);
    const record = await readRecord(folder);
    const summary = await this.#summary(id);
    if (!record || summary?.kind !== "model") throw notFound(`the model ${id}`);
    const names = await readdir(folder);
    const snapshots = jobSnapshots(folder, record).map(async ({ file, iter, epoch }) => ({
      ...{ iter, epoch, bytes: (await stat(file)).size },
      resumable: names.includes(basename(file).replace(/caffemodel$/, "solverstate")),
    }));
    return {
      ...summary,
      kind: "model",
      folder,
      settings: record.settings,
      maxIter: record.size.maxIter,
      snapshots: await Promise.all(snapshots),
      files: names.filter((name) => /\.(prototxt|log|jsonl)$/.test(name)),
      layerFiles: record.layerFiles,
      history: record.history,
      bytes: await folderBytes(folder),
      device: record.device,
      notes: (await readAbout(folder))?.notes ?? "",
    };
  }

  async dataset(id: string): Promise<DatasetDetail> {
    const folder = this.#roots.job(id);
    const summary = await this.#summary(id);
    if (summary?.kind !== "dataset") throw notFound(`the dataset ${id}`);
    const file = await readDatasetFile(folder);
    const pixels = file?.train.classPixels ?? [];
    const total = pixels.reduce((sum, count) => sum + count, 0);
    const models = (await this.list()).filter(({ dataset }) => dataset === id);
    return {
      ...summary,
      kind: "dataset",
      folder,
      source: file?.kind ?? this.#queue.get(id)?.form?.kind ?? "",
      classNames: file?.classNames ?? [],
      classShares: pixels.map((count) => count / Math.max(1, total)),
      labelShape: file?.labelShape,
      leftOut: file?.leftOut ?? [],
      settings: file?.settings ?? {},
      hasMean: existsSync(join(folder, "train_db", "mean.binaryproto")),
      bytes: await folderBytes(folder),
      usedBy: models.map((model) => model.id),
      form: this.#formOf(id, file),
      notes: (await readAbout(folder))?.notes ?? "",
    };
  }

  metrics(id: string): Promise<readonly MetricRecord[]> {
    return curveRecords(this.#roots.job(id));
  }

  /** The log that tells most: Caffe's of a training, else what the command said. */
  logFile(id: string): string {
    const own = join(this.#roots.job(id), jobFiles.log);
    return existsSync(own) ? own : this.#files.log(id);
  }

  /** The form that makes the same dataset again; a phantom is drawn again. */
  #formOf(id: string, file: DatasetFile | undefined): DatasetForm | undefined {
    const asked = this.#queue.get(id)?.form;
    return !file || asked?.kind === "phantom" ? asked : formOf(id, file);
  }

  /** The process of a training that runs. */
  async trainingPid(id: string): Promise<number | undefined> {
    const record = await readRecord(this.#roots.job(id));
    return record?.status === "running" && !isInterrupted(record) ? record.pid : undefined;
  }

  async #summary(id: string, curves: Curves = "all curves"): Promise<JobSummary | undefined> {
    const found = await this.#found(id, curves);
    if (!found) return undefined;
    const title = (await readAbout(this.#roots.job(id)))?.title;
    const ahead = this.#queue.ahead(id);
    return { ...found, ...(title ? { title } : {}), ...(ahead === undefined ? {} : { ahead }) };
  }

  async #found(id: string, curves: Curves): Promise<JobSummary | undefined> {
    const folder = this.#roots.job(id);
    const task = this.#queue.get(id);
    const record = await readRecord(folder);
    if (record) {
      const isWanted = curves === "all curves" || curveDigest.knows(folder);
      return modelSummary(id, record, task, isWanted ? await curveDigest(folder) : undefined);
    }
    const file = await readDatasetFile(folder);
    // Until its process has ended, it may neither be deleted nor trained on.
    const isReady = file && task?.status !== "running";
    if (isReady) return { ...datasetSummary(id, file), ...(task ? { created: task.created } : {}) };
    return task && pendingSummary(task, lastProgress(this.#files.log(id)));
  }
}

function pendingSummary(task: Task, progress: number | undefined): JobSummary {
  const { id, kind, status, created, error, commands, step } = task;
  const share = status === "done" ? 1 : (step + (progress ?? 0)) / commands.length;
  return { id, kind, status, created, progress: Math.min(1, share), error };
}

function datasetSummary(id: string, file: DatasetFile): JobSummary {
  return {
    ...{ id, kind: "dataset", status: "done", created: file.written, progress: 1 },
    train: file.train.count,
    val: file.val.count,
    shape: file.featureShape,
  };
}

function modelSummary(
  id: string,
  record: JobRecord,
  task: Task | undefined,
  curves: CurveDigest | undefined,
): JobSummary {
  const { maxIter } = record.size;
  const state = modelStatus(record, task);
  const recent = curves?.recent ?? [];
  const last = recent.at(-1)?.iter ?? 0;
  const speed = state.status === "running" ? speedOf(recent) : undefined;
  return {
    ...{ id, kind: "model", ...state },
    created: record.history[0]?.time ?? "",
    progress: state.status === "done" ? 1 : Math.min(1, last / maxIter),
    eta: speed === undefined ? undefined : (maxIter - last) / speed,
    ...{ iter: last, speed },
    dataset: basename(record.settings.dataset),
    best: curves?.best,
    spark: curves?.spark,
  };
}

function modelStatus(
  record: JobRecord,
  task: Task | undefined,
): Pick<JobSummary, "status" | "error"> {
  const isPending = task?.status === "waiting" || task?.status === "running";
  if (isInterrupted(record) && !isPending) {
    const killed =
      "the training was killed, or the machine went down; resume goes on from its newest snapshot";
    return { status: "interrupted", error: killed };
  }
  if (task?.status === "waiting") return { status: "waiting" };
  if (task?.status === "running") return { status: "running" };
  // A training that could not even begin says so in its task only.
  if (record.status === "initialized" && task?.status === "error") {
    return { status: "error", error: task.error };
  }
  return { status: record.status, error: record.error };
}

/** Iterations a second over the last records; undefined before there are two. */
function speedOf(recent: readonly MetricRecord[]): number | undefined {
  const to = recent.at(-1);
  // Time starts anew where a training was resumed.
  const from = to && recent.find(({ iter, time }) => iter < to.iter && time < to.time);
  return from && (to.iter - from.iter) / (to.time - from.time);
}

/** From what a dataset says of itself. */
function formOf(name: string, file: DatasetFile): DatasetForm | undefined {
  if (file.kind !== "sunnybrook" && file.kind !== "images") return undefined;
  const settings = file.settings as Partial<DatasetForm>;
  const { kind, featureEncoding, labelEncoding = "none" } = file;
  return { ...settings, kind, name, encoding: featureEncoding, labelEncoding };
}

async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(
      async (entry) =>
        (await stat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size,
    );
  return (await Promise.all(sizes)).reduce<number>((sum, size) => sum + (size ?? 0), 0);
}
