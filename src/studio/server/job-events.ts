/** @file What happens to one job, as events: its state, its curves, its log; a browser that comes back goes on where it was. */
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { jobFiles } from "../../job/job-record.ts";
import { parseLines } from "./curves.ts";
import type { EventStream } from "./event-stream.ts";
import type { Jobs } from "./jobs.ts";
import { isProgress, tailWithEnd } from "./log-tail.ts";
import { Refusal } from "./refusal.ts";

/** As much of a file as is sent at once. */
const CHUNK_BYTES = 256 * 1024;
/** A log that grew by more is shown from its end again. */
const LOG_BYTES = 64 * 1024;
const LOG_LINES = 200;

/** How far a browser has read. Each event carries it, so the newest one says all. */
interface Place {
  /** The job's creation: another job may take its name. */
  job: string;
  /** Bytes of `metrics.jsonl`. */
  metrics: number;
  /** Which log, and its bytes. */
  log: string;
  logBytes: number;
}

const idOf = ({ job, metrics, log, logBytes }: Place) => `${job}.${metrics}.${log}.${logBytes}`;

function placeOf(id: string): Place | undefined {
  const [, job, metrics, log, logBytes] = /^(\w+)\.(\d{1,15})\.(\w*)\.(\d{1,15})$/.exec(id) ?? [];
  if (job === undefined) return undefined;
  return { job, metrics: Number(metrics), log: log ?? "", logBytes: Number(logBytes) };
}

/**
 * @param folder the job's
 * @param lastId of the last event that the browser had; "" for a new one
 * @returns sends what is new since the last call, and "gone" where the job is no more
 */
export function jobSender(
  jobs: Jobs,
  id: string,
  folder: string,
  lastId: string,
): (stream: EventStream) => Promise<void> {
  let place = placeOf(lastId);
  let isKnown = lastId !== "";
  let shown = "";
  return async (stream) => {
    const summary = await jobs.get(id).catch((error: unknown) => {
      if (error instanceof Refusal && error.status === 404) return undefined;
      throw error;
    });
    if (!summary) return stream.send("gone", {});
    const job = Date.parse(summary.created).toString(36);
    if (place?.job !== job) {
      place = { job, metrics: 0, log: "", logBytes: 0 };
      if (isKnown) stream.send("restart", {}, idOf(place));
    }
    isKnown = true;
    const text = JSON.stringify(summary);
    if (text !== shown) stream.send("job", summary, idOf(place));
    shown = text;
    await sendMetrics(stream, join(folder, jobFiles.metrics), place);
    await sendLog(stream, jobs.logFile(id), place);
  };
}

async function sendMetrics(stream: EventStream, path: string, place: Place): Promise<void> {
  const file = await open(path).catch(() => undefined);
  if (!file) return;
  try {
    const { size } = await file.stat();
    if (size < place.metrics) {
      place.metrics = 0;
      stream.send("restart", {}, idOf(place));
    }
    while (place.metrics < size && !stream.closed) {
      const bytes = await readBytes(
        file,
        place.metrics,
        Math.min(size, place.metrics + CHUNK_BYTES),
      );
      const end = bytes.lastIndexOf(0x0a) + 1;
      if (end === 0) return;
      place.metrics += end;
      stream.send("metrics", parseLines(bytes.toString("utf8", 0, end)), idOf(place));
      await stream.drained();
    }
  } finally {
    await file.close();
  }
}

/** Sends the lines that a log grew by; all that is shown of it where that is too much, or another one. */
async function sendLog(stream: EventStream, path: string, place: Place): Promise<void> {
  const name = path.endsWith(jobFiles.log) ? "own" : "task";
  const file = await open(path).catch(() => undefined);
  if (!file) return;
  try {
    const { size } = await file.stat();
    const grown = size - place.logBytes;
    if (place.log !== name || grown < 0 || grown > LOG_BYTES) {
      const { lines, end } = tailWithEnd(path, LOG_LINES);
      Object.assign(place, { log: name, logBytes: end });
      stream.send("log", { lines, isWhole: true }, idOf(place));
      return;
    }
    const bytes = await readBytes(file, place.logBytes, size);
    const end = bytes.lastIndexOf(0x0a) + 1;
    if (end === 0) return;
    place.logBytes += end;
    const lines = bytes.toString("utf8", 0, end).trimEnd().split("\n");
    const said = lines.filter((line) => line !== "" && !isProgress(line));
    if (said.length > 0) stream.send("log", { lines: said, isWhole: false }, idOf(place));
  } finally {
    await file.close();
  }
}

async function readBytes(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.alloc(end - start);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
  return bytes.subarray(0, bytesRead);
}
