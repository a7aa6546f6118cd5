/** @file What the curves of a training say to somebody who knows how to read them. */
import type { JobSummary, MetricRecord } from "../../api-types.ts";

/** Before so many records nothing can be told. */
const ENOUGH = 8;
/** The newest values, whose median counts: one odd validation says nothing. */
const NEWEST = 3;
const RISEN = 1.5;

/** Sentences; none where all looks well. */
export function curveAdvice(job: JobSummary, metrics: readonly MetricRecord[]): string[] {
  if (metrics.length <= ENOUGH) return [];
  return [findsNothing(job), learnsByHeart(metrics)].filter((advice) => advice !== undefined);
}

function findsNothing({ best }: JobSummary): string | undefined {
  if (!best || !/dice/i.test(best.name) || best.value !== 0) return undefined;
  return (
    "A Dice of 0 means that the network predicts no foreground at all: it has not learned to " +
    "tell the object from the background yet. Weights that start at 0, or a learning rate that " +
    "does not fit, are the usual reasons."
  );
}

/** The loss of new images rises while that of known ones is far below it. */
function learnsByHeart(metrics: readonly MetricRecord[]): string | undefined {
  const [train, val] = (["train", "val"] as const).map((phase) =>
    metrics.filter((record) => record.phase === phase).flatMap(({ values }) => values.loss ?? []),
  );
  if (!train || !val || train.length < NEWEST || val.length < 2 * NEWEST) return undefined;
  const [known, unknown] = [train, val].map(newestMedian);
  const least = Math.min(...val);
  if (!(unknown! > RISEN * least && unknown! > 2 * known!)) return undefined;
  return (
    "The loss of the validation images rises while that of the training images falls: the network " +
    "learns these by heart. More patients, augmentation or fewer epochs help; an earlier snapshot may be the best."
  );
}

function newestMedian(values: readonly number[]): number {
  return values.slice(-NEWEST).sort((a, b) => a - b)[NEWEST >> 1]!;
}
