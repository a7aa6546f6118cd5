/** @file Runs side by side: curves of one output over each other, best values and settings in a table. */
import { useEffect, useState } from "preact/hooks";
import type { MetricRecord, ModelDetail } from "../../api-types.ts";
import { get } from "../lib/api.ts";
import { type CompareRow, type Run, bestRows, settingRows } from "../lib/compare-rows.ts";
import { linesOf } from "../lib/curve-lines.ts";
import { go } from "../lib/router.ts";
import { useJobs } from "../lib/use-jobs.ts";
import { Chart } from "../parts/chart.tsx";
import { CurveLook, plainLook } from "../parts/curves.tsx";
import { SelectField } from "../parts/field.tsx";
import { RunChoice } from "../parts/run-choice.tsx";

export function ComparePage({ ids }: { ids: readonly string[] }) {
  const { jobs } = useJobs();
  const runs = useRuns(ids.join());
  const [output, setOutput] = useState<string>();
  const [look, setLook] = useState(plainLook);
  const models = (jobs ?? []).filter(({ kind }) => kind === "model");
  if (jobs && models.length === 0) {
    return (
      <p class="empty">
        There is no model to compare yet. <a href="/new-model">Make one first.</a>
      </p>
    );
  }
  const outputs = outputsOf(runs);
  const shown = output !== undefined && outputs.includes(output) ? output : outputs[0];
  const lines = runs.flatMap(({ detail, metrics }) =>
    linesOf(
      metrics.map((record) => only(record, shown ?? "")),
      `${detail.title ?? detail.id} `,
    ).map((line) => ({ ...line, key: detail.id })),
  );
  const toggle = (id: string) => {
    const next = ids.includes(id) ? ids.filter((other) => other !== id) : [...ids, id];
    go(`/compare${next.length > 0 ? `?jobs=${next.join(",")}` : ""}`);
  };
  return (
    <>
      <h1>Compare</h1>
      <RunChoice models={models} ids={ids} onToggle={toggle} />
      {runs.length === 0 ? (
        <p class="empty">Choose two models or more: their curves appear over each other here.</p>
      ) : (
        <>
          {shown !== undefined && (
            <>
              <div class="toolbar">
                <SelectField
                  label="Curve"
                  value={shown}
                  onChange={setOutput}
                  choices={outputs.map((name): [string, string] => [name, name])}
                />
                <CurveLook look={look} onChange={setLook} />
              </div>
              <Chart lines={lines} {...look} label={`${shown} of the chosen models`} />
            </>
          )}
          <RunTable runs={runs} />
        </>
      )}
    </>
  );
}

/** Details and curves of the runs, in the order of their ids; those that are gone are left out. */
function useRuns(key: string): readonly Run[] {
  const [runs, setRuns] = useState<readonly Run[]>([]);
  useEffect(() => {
    let isCurrent = true;
    const read = async (id: string): Promise<Run[]> => {
      const path = `/api/jobs/${encodeURIComponent(id)}`;
      const [detail, metrics] = await Promise.all([
        get<ModelDetail>(path),
        get<MetricRecord[]>(`${path}/metrics`),
      ]);
      return [{ detail, metrics }];
    };
    const ids = key === "" ? [] : key.split(",");
    Promise.all(ids.map((id) => read(id).catch(() => []))).then(
      (all) => isCurrent && setRuns(all.flat()),
    );
    return () => {
      isCurrent = false;
    };
  }, [key]);
  return runs;
}

/** What the most telling curves are called first: Dice before other scores, scores before losses. */
function outputsOf(runs: readonly Run[]): string[] {
  const names = runs.flatMap(({ metrics }) => metrics.flatMap(({ values }) => Object.keys(values)));
  const first = runs.find(({ detail }) => detail.best)?.detail.best?.name;
  return [...new Set(first === undefined ? names : [first, ...names])];
}

function only(record: MetricRecord, name: string): MetricRecord {
  const value = record.values[name];
  return { ...record, values: value === undefined ? {} : { [name]: value } };
}

function RunTable({ runs }: { runs: readonly Run[] }) {
  return (
    <div class="scroll">
      <table class="compare">
        <thead>
          <tr>
            <th />
            {runs.map(({ detail }) => (
              <th key={detail.id} scope="col">
                <a href={`/models/${detail.id}`}>{detail.title ?? detail.id}</a>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...bestRows(runs), ...settingRows(runs)].map((row) => (
            <Row key={row.name} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ row: { name, values, differs, best } }: { row: CompareRow }) {
  return (
    <tr class={differs ? "differs" : ""}>
      <th scope="row">{name}</th>
      {values.map((value, index) => (
        <td key={`${index}`} class={best.includes(index) ? "best" : ""}>
          {value}
        </td>
      ))}
    </tr>
  );
}
