/** @file `job.json`: what a job was made from and what became of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DataSourceError } from "../errors.ts";
import { writeFileAtomically } from "../model-file/index.ts";
import { type JobSettings, checkSettings, defaultSettings } from "./settings.ts";

const jobStatuses = ["initialized", "running", "done", "aborted", "error"] as const;
export type JobStatus = (typeof jobStatuses)[number];

/** Names of the files in a job folder. */
export const jobFiles = {
  record: "job.json",
  original: "original.prototxt",
  trainVal: "train_val.prototxt",
  deploy: "deploy.prototxt",
  solver: "solver.prototxt",
  log: "caffe_output.log",
  metrics: "metrics.jsonl",
  curve: "curve.png",
  preview: "preview.png",
} as const;

export interface JobRecord {
  readonly format: 1;
  readonly name: string;
  /** What the job was asked to do; clone starts from these. */
  readonly settings: JobSettings;
  readonly status: JobStatus;
  /** When it came into each status, ISO 8601. */
  readonly history: readonly { readonly status: JobStatus; readonly time: string }[];
  /** Why the status is "error". */
  readonly error?: string;
  /** The process that trains or trained it last, and what it computes on. */
  readonly pid?: number;
  readonly device?: string;
  /** Records in the dataset and iterations of the training. */
  readonly size: {
    readonly trainCount: number;
    readonly valCount: number;
    readonly maxIter: number;
    readonly batchSize: number;
    readonly valBatchSize: number;
  };
  /** Files of custom layers inside the job folder. */
  readonly layerFiles: readonly string[];
}

export async function writeJobRecord(folder: string, record: JobRecord): Promise<void> {
  const text = `${JSON.stringify(record, undefined, 2)}\n`;
  await writeFileAtomically(join(folder, jobFiles.record), [new TextEncoder().encode(text)]);
}

/** @throws DataSourceError for a folder that is no job */
export function readJobRecord(folder: string): JobRecord {
  const file = join(folder, jobFiles.record);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new DataSourceError(`${folder} is no job folder: it has no ${jobFiles.record}`, {
      cause,
    });
  }
  const record = parseRecord(text, file);
  const settings = { ...defaultSettings, ...record.settings };
  checkSettings(settings);
  return { ...record, settings };
}

function parseRecord(text: string, file: string): JobRecord {
  try {
    const record: unknown = JSON.parse(text);
    if (isRecord(record)) return record;
  } catch (cause) {
    throw new DataSourceError(`${file} is not JSON; it was written by another program`, { cause });
  }
  throw new DataSourceError(
    `${file} is no job of this version: expected "format": 1 and "settings"`,
  );
}

function isRecord(value: unknown): value is JobRecord {
  if (typeof value !== "object" || value === null) return false;
  return "format" in value && value.format === 1 && "settings" in value && "status" in value;
}

/** The record in its next status. */
export function inStatus(record: JobRecord, status: JobStatus, error?: string): JobRecord {
  const history = [...record.history, { status, time: new Date().toISOString() }];
  return { ...record, status, history, ...(error === undefined ? {} : { error }) };
}

/** Whether a job says that it runs, but the process that trained it is gone. */
export function isInterrupted({ status, pid }: JobRecord): boolean {
  return status === "running" && (pid === undefined || !isAlive(pid));
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user is alive, though it may not be signalled.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
