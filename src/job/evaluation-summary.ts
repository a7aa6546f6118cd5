/** @file What the scores of many records say together; runs in browsers, too. */
import type { ClassScore } from "./class-map.ts";

export interface ScoredRecord {
  /** Its number in the stage. */
  readonly index: number;
  /** Case and slice, or names of files. */
  readonly facts: Readonly<Record<string, string | number>>;
  readonly classes: readonly ClassScore[];
}

/**
 * The mean Dice of the classes but background that the label or the prediction has: 0 where an object
 * was missed, or found where there is none.
 * @returns undefined where there was nothing to find and nothing was found; that is not counted
 */
export function recordDice({ classes }: Pick<ScoredRecord, "classes">): number | undefined {
  return mean(objectsOf(classes).map(({ dice }) => dice));
}

/** As `recordDice`, of the intersection over the union. */
export function recordIou({ classes }: Pick<ScoredRecord, "classes">): number | undefined {
  return mean(objectsOf(classes).map(({ iou }) => iou));
}

/** The largest distance of an object's outline to the label's, in mm; undefined where pixels have no size. */
export function recordHd95({ classes }: Pick<ScoredRecord, "classes">): number | undefined {
  const known = objectsOf(classes).flatMap(({ hd95 }) => hd95 ?? []);
  return known.length > 0 ? Math.max(...known) : undefined;
}

/** Lowest Dice first; of equal ones those with more missed pixels; records without an object last. */
export function worstFirst(records: readonly ScoredRecord[]): ScoredRecord[] {
  const rank = (record: ScoredRecord) => recordDice(record) ?? 2;
  const labelled = ({ classes }: ScoredRecord) =>
    objectsOf(classes).reduce((sum, { labelled: count = 0 }) => sum + count, 0);
  return [...records].sort(
    (a, b) => rank(a) - rank(b) || labelled(b) - labelled(a) || a.index - b.index,
  );
}

export interface ClassSummary {
  readonly class: number;
  /** Records in which the label or the prediction has the class. */
  readonly records: number;
  /** Means over these records. */
  readonly dice: number;
  readonly iou: number;
}

export interface EvaluationSummary {
  readonly records: number;
  /** Records with nothing to find in which nothing was found. */
  readonly empty: number;
  /** Mean, median, worst over the others; undefined where there is none. */
  readonly meanDice: number | undefined;
  readonly medianDice: number | undefined;
  readonly worstDice: number | undefined;
  /** The median of `recordHd95`, which a few missed objects do not rule. */
  readonly medianHd95?: number | undefined;
  /** Records whose object was not found at all. */
  readonly missed: number;
  /** All classes but background. */
  readonly classes: readonly ClassSummary[];
}

export function summarize(records: readonly ScoredRecord[]): EvaluationSummary {
  const dice = records.map(recordDice).filter((value) => value !== undefined);
  const sorted = dice.toSorted((a, b) => a - b);
  return {
    records: records.length,
    empty: records.length - dice.length,
    meanDice: mean(dice),
    medianDice: medianOf(sorted),
    worstDice: sorted[0],
    medianHd95: medianOf(
      records.flatMap((record) => recordHd95(record) ?? []).sort((a, b) => a - b),
    ),
    missed: dice.filter((value) => value === 0).length,
    classes: classSummaries(records),
  };
}

function classSummaries(records: readonly ScoredRecord[]): ClassSummary[] {
  const all = records.flatMap(({ classes }) => objectsOf(classes));
  const numbers = [...new Set(all.map((score) => score.class))].sort((a, b) => a - b);
  return numbers.map((number) => {
    const scores = all.filter((score) => score.class === number);
    const [dice, iou] = [scores.map((score) => score.dice), scores.map((score) => score.iou)];
    return { class: number, records: scores.length, dice: mean(dice) ?? 0, iou: mean(iou) ?? 0 };
  });
}

export interface CaseSummary {
  readonly name: string;
  readonly records: number;
  readonly meanDice: number | undefined;
  readonly worstDice: number | undefined;
}

/** By patient, worst first; empty where the records belong to none. */
export function summarizeCases(records: readonly ScoredRecord[]): CaseSummary[] {
  const cases = new Map<string, ScoredRecord[]>();
  for (const record of records) {
    const name = record.facts.case;
    if (name !== undefined) cases.set(`${name}`, [...(cases.get(`${name}`) ?? []), record]);
  }
  return [...cases]
    .map(([name, own]) => {
      const { meanDice, worstDice } = summarize(own);
      return { name, records: own.length, meanDice, worstDice };
    })
    .sort((a, b) => (a.meanDice ?? 2) - (b.meanDice ?? 2));
}

/** A line a record, worst first, as spreadsheets read it (RFC 4180). */
export function evaluationCsv(
  records: readonly ScoredRecord[],
  classNames: readonly string[],
): string {
  const facts = [...new Set(records.flatMap((record) => Object.keys(record.facts)))];
  const classes = [
    ...new Set(records.flatMap((record) => objectsOf(record.classes).map((score) => score.class))),
  ].sort((a, b) => a - b);
  const nameOf = (index: number) => classNames[index] ?? `class ${index}`;
  const hasHd95 = records.some((record) => recordHd95(record) !== undefined);
  const head = [
    ...["record", ...facts, "dice", "iou", ...(hasHd95 ? ["hd95 mm"] : [])],
    ...classes.flatMap((index) =>
      ["predicted pixels", "labelled pixels", "dice"].map((what) => `${nameOf(index)} ${what}`),
    ),
  ];
  const rows = records.map((record) => [
    record.index,
    ...facts.map((fact) => record.facts[fact]),
    recordDice(record),
    recordIou(record),
    ...(hasHd95 ? [recordHd95(record)] : []),
    ...classes.flatMap((index) => {
      const score = record.classes.find((candidate) => candidate.class === index);
      return [score?.predicted ?? 0, score?.labelled ?? 0, score?.dice];
    }),
  ]);
  return [head, ...rows].map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");
}

/** A name that a spreadsheet would take for a formula gets an apostrophe before it. */
function csvCell(value: string | number | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = /^[=+@\t\r-]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const objectsOf = (classes: readonly ClassScore[]) => classes.filter((score) => score.class !== 0);

function mean(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  if (known.length === 0) return undefined;
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

function medianOf(sorted: readonly number[]): number | undefined {
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle];
  return mean(sorted.slice(Math.max(0, middle - 1), middle + 1));
}
