/** @file Metrics of a training in memory, as the command line and the studio's pages read them. */

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
