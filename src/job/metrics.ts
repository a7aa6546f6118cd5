/** @file The metrics of a training: `metrics.jsonl`, one JSON object a line, and what to read from it. */
import { appendFileSync, existsSync, readFileSync, truncateSync } from "node:fs";
import { generalNumber } from "../core/general-number.ts";
import { DataSourceError } from "../errors.ts";
import type { Score } from "../solver/events.ts";
import { type MetricRecord, withoutRepeats } from "./metric-values.ts";

export {
  type BestMetric,
  type MetricPhase,
  type MetricRecord,
  bestMetric,
  isScore,
} from "./metric-values.ts";

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

/** `loss 0.41, dice 0.86` */
export function metricText(values: MetricRecord["values"]): string {
  return Object.entries(values)
    .map(
      ([name, value]) =>
        `${name} ${value === null ? "nan" : generalNumber(Number(value.toPrecision(4)))}`,
    )
    .join(", ");
}
