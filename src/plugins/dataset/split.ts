/** @file Which records train and which validate. */
import { createRandom } from "../../core/random.ts";
import { DataSourceError, UsageError } from "../../errors.ts";
import type { Logger } from "../../core/logger.ts";

export type SplitKind = "slice" | "patient";

export interface SplitOptions {
  /** By slice, as DIGITS does, or by patient, so that no patient is in both. */
  readonly split: SplitKind;
  /** Percent of the records (or patients) that validate. */
  readonly valPercent: number;
  readonly seed: number;
}

/** What is split: something that belongs to a patient, with a name to sort by. */
export interface Grouped {
  readonly id: string;
  readonly group: string;
}

/**
 * Shuffles the entries and takes the first for validation, as DIGITS' plug-ins do: floor(N * percent / 100) of them.
 * The entries are sorted first, so that the result depends on nothing but them and the seed.
 *
 * By patient, the patients are shuffled and rounded to whole ones, at least one on each side where there are two.
 */
export function splitEntries<Entry extends Grouped>(
  entries: readonly Entry[],
  { split, valPercent, seed }: SplitOptions,
): { train: Entry[]; val: Entry[] } {
  if (!(valPercent >= 0 && valPercent <= 100)) {
    throw new UsageError(`--val-percent is ${valPercent}; expected a number from 0 to 100`);
  }
  const shuffled = shuffle([...entries].sort(byId), seed);
  if (split === "slice") {
    const count = Math.floor((shuffled.length * valPercent) / 100);
    return { val: shuffled.slice(0, count), train: shuffled.slice(count) };
  }
  const groups = shuffle([...new Set(shuffled.map(({ group }) => group))].sort(), seed);
  const wanted = Math.round((groups.length * valPercent) / 100);
  const least = valPercent > 0 && groups.length > 1 ? 1 : 0;
  const most = valPercent < 100 && groups.length > 1 ? groups.length - 1 : groups.length;
  const chosen = new Set(groups.slice(0, Math.min(most, Math.max(least, wanted))));
  return {
    val: shuffled.filter(({ group }) => chosen.has(group)),
    train: shuffled.filter(({ group }) => !chosen.has(group)),
  };
}

/** Says so when patients are on both sides, which makes the validation score better than it is. */
export function warnOfSharedPatients(
  { train, val }: { train: readonly Grouped[]; val: readonly Grouped[] },
  logger: Logger,
): void {
  const training = new Set(train.map(({ group }) => group));
  const validating = [...new Set(val.map(({ group }) => group))];
  const shared = validating.filter((group) => training.has(group));
  if (shared.length === 0) return;
  logger.log(
    "warning",
    "split",
    `${shared.length} of ${validating.length} validation patients are in the training set too, so the ` +
      "validation score will look too good; split by patient to keep them apart",
  );
}

/** @throws DataSourceError for two entries of one name, whose order would not be defined. */
export function checkDistinct(entries: readonly Grouped[]): void {
  const seen = new Set<string>();
  for (const { id } of entries) {
    if (seen.has(id)) throw new DataSourceError(`${id} is there twice`);
    seen.add(id);
  }
}

/** Fisher and Yates, from the end. */
function shuffle<Item>(items: Item[], seed: number): Item[] {
  const random = createRandom(seed);
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.integer(i);
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}

function byId(a: Grouped, b: Grouped): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
