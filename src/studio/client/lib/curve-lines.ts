/** @file The curves of a training as lines to draw, and as a table. */
import { isScore } from "../../../job/metric-values.ts";
import type { MetricRecord } from "../../api-types.ts";

export interface Line {
  readonly name: string;
  /** Lines of one key have one colour. */
  readonly key: string;
  readonly isPale: boolean;
  readonly isScore: boolean;
  readonly points: readonly (readonly [epoch: number, value: number])[];
}

/** One line an output and phase; training is pale, validation strong. */
export function linesOf(metrics: readonly MetricRecord[], prefix = ""): Line[] {
  const lines = new Map<string, Line & { points: [number, number][] }>();
  for (const { phase, epoch, values } of metrics) {
    for (const [output, value] of Object.entries(values)) {
      if (value === null) continue;
      const name = `${prefix}${output} (${phase})`;
      const line = lines.get(name) ?? {
        ...{ name, key: prefix + output, isPale: phase === "train", isScore: isScore(output) },
        points: [],
      };
      line.points.push([epoch, value]);
      lines.set(name, line);
    }
  }
  return [...lines.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** The learning rate over the epochs. */
export function rateLine(metrics: readonly MetricRecord[]): Line {
  const points = metrics
    .filter(({ phase }) => phase === "train")
    .map(({ epoch, lr }) => [epoch, lr] as const);
  return { name: "learning rate", key: "rate", isPale: false, isScore: false, points };
}

export type Row = (number | null | undefined)[];

/**
 * One row of epochs, and a value or a gap of each line at each of them.
 * @param smoothing weight of the past in an exponential mean, 0 to 0.99
 * @param isLog leaves out what has no logarithm
 */
export function alignedRows(
  lines: readonly Line[],
  smoothing: number,
  isLog: boolean,
): [number[], ...Row[]] {
  const epochs = [...new Set(lines.flatMap(({ points }) => points.map(([epoch]) => epoch)))].sort(
    (a, b) => a - b,
  );
  const place = new Map(epochs.map((epoch, index) => [epoch, index]));
  const rows = lines.map(({ points, isScore: isOnScoreAxis }) => {
    const row: Row = new Array(epochs.length).fill(undefined);
    let mean = points[0]?.[1] ?? 0;
    for (const [epoch, value] of points) {
      mean = smoothing * mean + (1 - smoothing) * value;
      row[place.get(epoch)!] = isLog && !isOnScoreAxis && mean <= 0 ? null : mean;
    }
    return row;
  });
  return [epochs, ...rows];
}

/** Comma-separated values, one record a line. */
export function csvOf(metrics: readonly MetricRecord[]): string {
  const names = [...new Set(metrics.flatMap(({ values }) => Object.keys(values)))];
  const head = ["iteration", "epoch", "phase", "learning_rate", "seconds", ...names.map(quoted)];
  const rows = metrics.map(({ iter, epoch, phase, lr, time, values }) =>
    [iter, epoch, phase, lr, time, ...names.map((name) => values[name] ?? "")].join(","),
  );
  return `${[head.join(","), ...rows].join("\n")}\n`;
}

/** A blob may be called anything, a formula of a table program too. */
function quoted(name: string): string {
  const safe = /^[=+\-@]/.test(name) ? `'${name}` : name;
  return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
