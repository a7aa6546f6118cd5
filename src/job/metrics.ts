/** @file The metrics of a training: `metrics.jsonl`, one JSON object a line, and what to read from it. */
import { appendFileSync, existsSync, readFileSync, truncateSync } from "node:fs";
import { generalNumber } from "../core/general-number.ts";
import { DataSourceError } from "../errors.ts";
import type { Score } from "../solver/events.ts";

export type MetricPhase = "train" | "val";

/** One line of `metrics.jsonl`. */
export interface MetricRecord {
  readonly iter: number;
  /** Passes over the training set so far, a fraction. */
  readonly epoch: number;
  readonly phase: MetricPhase;
  /** By output; an output with several elements has them as `name[0]`, `name[1]`. Null: not finite. */
  readonly values: Readonly<Record<string, number | null>>;
  /** Learning rate of the iteration. */
  readonly lr: number;
  /** Seconds since the training began. */
  readonly time: number;
}

/** Outputs of a net as named values, several elements of one blob told apart by an index. */
export function valuesOf(scores: readonly Score[]): Record<string, number | null> {
  const values: Record<string, number | null> = {};
  for (const [index, { name, value }] of scores.entries()) {
    const many = scores.filter((score) => score.name === name).length > 1;
    const first = scores.findIndex((score) => score.name === name);
    values[many ? `${name}[${index - first}]` : name] = Number.isFinite(value) ? value : null;
  }
  return values;
}

export function appendMetric(file: string, record: MetricRecord): void {
  appendFileSync(file, `${JSON.stringify(record)}\n`);
}

/** Takes off a last line that a crash cut off, so that the next one begins on a line of its own. */
export function dropCutLine(file: string): void {
  if (existsSync(file)) truncateSync(file, readFileSync(file).lastIndexOf(0x0a) + 1);
}

/**
 * Reads `metrics.jsonl`; a last line that a crash cut off is left out, and so is what a resumed
 * training did again.
 * @throws DataSourceError for a file that is no metrics file
 */
export function readMetrics(file: string): MetricRecord[] {
  const lines = readFileSync(file, "utf8").split("\n");
  const records = lines.flatMap((line, index) => {
    if (line.trim() === "") return [];
    try {
      return [JSON.parse(line) as MetricRecord];
    } catch (cause) {
      if (index === lines.length - 1) return [];
      throw new DataSourceError(`${file}:${index + 1}: this line is no metric record`, { cause });
    }
  });
  return withoutRepeats(records);
}

/** Where a later record of a phase starts at an earlier iteration, it replaces what came after that. */
export function withoutRepeats(records: readonly MetricRecord[]): MetricRecord[] {
  const first = { train: Number.POSITIVE_INFINITY, val: Number.POSITIVE_INFINITY };
  const kept = records.toReversed().filter(({ iter, phase }) => {
    if (iter >= first[phase]) return false;
    first[phase] = iter;
    return true;
  });
  return kept.toReversed();
}

/** The best validation value of a training. */
export interface BestMetric {
  readonly name: string;
  readonly value: number;
  readonly epoch: number;
  readonly iter: number;
}

/** Whether more is better: Dice, IoU, accuracy; a loss is better when less. */
export function isScore(name: string): boolean {
  return /dice|iou|iu\b|accuracy/i.test(name) && !/loss/i.test(name);
}

/**
 * The best validation value of the most telling metric: Dice before any other score, a score
 * before a loss. Of equal values the first counts.
 */
export function bestMetric(records: readonly MetricRecord[]): BestMetric | undefined {
  const val = records.filter((record) => record.phase === "val");
  const names = [...new Set(val.flatMap((record) => Object.keys(record.values)))];
  const name =
    names.find((candidate) => /dice/i.test(candidate) && isScore(candidate)) ??
    names.find(isScore) ??
    names[0];
  if (name === undefined) return undefined;
  let best: BestMetric | undefined;
  for (const { values, epoch, iter } of val) {
    const value = values[name];
    if (value === null || value === undefined) continue;
    if (!best || (isScore(name) ? value > best.value : value < best.value)) {
      best = { name, value, epoch, iter };
    }
  }
  return best;
}

/** `loss 0.41, dice 0.86` */
export function metricText(values: MetricRecord["values"]): string {
  return Object.entries(values)
    .map(
      ([name, value]) =>
        `${name} ${value === null ? "nan" : generalNumber(Number(value.toPrecision(4)))}`,
    )
    .join(", ");
}
