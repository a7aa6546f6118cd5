/** @file Runs side by side: what each reached, and where their settings differ. */
import { isScore } from "../../../job/metric-values.ts";
import type { MetricRecord, ModelDetail } from "../../api-types.ts";
import { short } from "./format.ts";
import { settingsFacts } from "./settings-facts.ts";

export interface Run {
  readonly detail: ModelDetail;
  readonly metrics: readonly MetricRecord[];
}

export interface CompareRow {
  readonly name: string;
  /** One a run, in order; "" where it has none. */
  readonly values: readonly string[];
  /** Whether not all of them are the same. */
  readonly differs: boolean;
  /** The runs whose value is the best; empty where there is no better and worse. */
  readonly best: readonly number[];
}

/** The best value of each output in the validations, and its epoch. */
export function bestRows(runs: readonly Run[]): CompareRow[] {
  const names = new Set(
    runs.flatMap(({ metrics }) =>
      metrics.filter(({ phase }) => phase === "val").flatMap(({ values }) => Object.keys(values)),
    ),
  );
  const ordered = [...names].sort((a, b) => Number(isScore(b)) - Number(isScore(a)));
  return ordered.map((name) => {
    const found = runs.map(({ metrics }) => bestOf(metrics, name));
    const known = found.flatMap((one) => (one ? [one.value] : []));
    const top = isScore(name) ? Math.max(...known) : Math.min(...known);
    return {
      name: `Best ${name} (val)`,
      values: found.map((one) => (one ? `${short(one.value)} at epoch ${short(one.epoch)}` : "")),
      differs: new Set(known).size > 1,
      best: found.flatMap((one, index) => (one?.value === top ? [index] : [])),
    };
  });
}

function bestOf(metrics: readonly MetricRecord[], name: string) {
  let best: { value: number; epoch: number } | undefined;
  for (const { phase, values, epoch } of metrics) {
    const value = values[name];
    if (phase !== "val" || value === null || value === undefined) continue;
    if (!best || (isScore(name) ? value > best.value : value < best.value)) best = { value, epoch };
  }
  return best;
}

/** Settings that any of the runs has, those that differ first. */
export function settingRows(runs: readonly Run[]): CompareRow[] {
  const facts = runs.map(
    ({ detail }) =>
      new Map([["Dataset", detail.dataset ?? ""] as const, ...settingsFacts(detail.settings)]),
  );
  const names = [...new Set(facts.flatMap((map) => [...map.keys()]))];
  const rows = names.map((name) => {
    const values = facts.map((map) => map.get(name) ?? "");
    return { name, values, differs: new Set(values).size > 1, best: [] };
  });
  return rows.sort((a, b) => Number(b.differs) - Number(a.differs));
}
