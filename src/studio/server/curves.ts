/** @file The metrics of trainings, read on from where the last look ended, and what the list of jobs shows of them. */
import { open } from "node:fs/promises";
import { join } from "node:path";
import { jobFiles } from "../../job/job-record.ts";
import {
  type BestMetric,
  type MetricRecord,
  bestMetric,
  isScore,
  withoutRepeats,
} from "../../job/metric-values.ts";
import { cachedByStamp } from "./cache.ts";

/** How many trainings are held with all their records: those that are read again and again run. */
const HELD = 24;
const SPARK_POINTS = 40;
/** Enough to tell a speed. */
const RECENT = 12;

export interface CurveDigest {
  readonly best: BestMetric | undefined;
  /** Values of the most telling curve, few. */
  readonly spark: readonly number[];
  readonly recent: readonly MetricRecord[];
}

interface Held {
  /** Tells one file from another that took its place. */
  readonly file: string;
  readonly end: number;
  readonly records: readonly MetricRecord[];
}

const held = new Map<string, Held>();

/** All records of a training, without those that a resumed training did again; none where there is no file. */
export async function curveRecords(folder: string): Promise<readonly MetricRecord[]> {
  const file = await open(join(folder, jobFiles.metrics)).catch(() => undefined);
  if (!file) return [];
  try {
    const { size, ino, birthtimeMs } = await file.stat();
    const name = `${ino} ${birthtimeMs}`;
    const before = held.get(folder);
    const known = before?.file === name && before.end <= size ? before : undefined;
    const start = known?.end ?? 0;
    const bytes = Buffer.alloc(size - start);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
    const end = bytesRead === 0 ? 0 : bytes.lastIndexOf(0x0a, bytesRead - 1) + 1;
    const added = parseLines(bytes.toString("utf8", 0, end));
    const records = withoutRepeats([...(known?.records ?? []), ...added]);
    hold(folder, { file: name, end: start + end, records });
    return records;
  } finally {
    await file.close();
  }
}

function hold(folder: string, entry: Held): void {
  // The last one that was read goes last.
  held.delete(folder);
  held.set(folder, entry);
  const [oldest] = held.keys();
  if (held.size > HELD && oldest !== undefined) held.delete(oldest);
}

/** Whole lines as records; a line that a crash cut off is left out. */
export function parseLines(text: string): MetricRecord[] {
  return text.split("\n").flatMap((line) => {
    try {
      return line === "" ? [] : [JSON.parse(line) as MetricRecord];
    } catch {
      return [];
    }
  });
}

export const curveDigest = cachedByStamp(async (folder): Promise<CurveDigest> => {
  const records = await curveRecords(folder);
  const best = bestMetric(records);
  return { best, spark: sparkOf(records, best?.name), recent: records.slice(-RECENT) };
}, jobFiles.metrics);

/** The curve of the best value, else the first training curve, thinned out. */
function sparkOf(records: readonly MetricRecord[], name: string | undefined): number[] {
  const phase = name === undefined ? "train" : "val";
  const values = records
    .filter((record) => record.phase === phase)
    .map(({ values: of }) => of[name ?? Object.keys(of).find((key) => !isScore(key)) ?? ""])
    .filter((value) => typeof value === "number");
  const stride = Math.ceil(values.length / SPARK_POINTS) || 1;
  // A line of a few pixels' height needs no more digits.
  return values
    .filter((_, index) => index % stride === 0)
    .map((value) => Number(value.toPrecision(4)));
}
