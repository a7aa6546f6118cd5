/** @file Runs side by side: settings and best values in a table, curves of one output over each other. */
import { useEffect, useState } from "preact/hooks";
import type { MetricRecord, ModelDetail } from "../../api-types.ts";
import { get } from "../lib/api.ts";
import { short } from "../lib/format.ts";
import { go } from "../lib/router.ts";
import { useJobs } from "../lib/use-data.ts";
import { Chart, linesOf } from "../parts/chart.tsx";
import { SelectField } from "../parts/field.tsx";

interface Run {
  readonly detail: ModelDetail;
  readonly metrics: readonly MetricRecord[];
}

export function ComparePage({ ids }: { ids: readonly string[] }) {
  const jobs = useJobs();
  const [runs, setRuns] = useState<readonly Run[]>([]);
  const [output, setOutput] = useState("loss");
  const key = ids.join();
  useEffect(() => {
    let isCurrent = true;
    const loaded =
      key === ""
        ? []
        : key.split(",").map(async (id): Promise<Run[]> => {
            const path = `/api/jobs/${encodeURIComponent(id)}`;
            const [detail, metrics] = await Promise.all([
              get<ModelDetail>(path),
              get<MetricRecord[]>(`${path}/metrics`),
            ]);
            return [{ detail, metrics }];
          });
    Promise.all(loaded.map((run) => run.catch(() => []))).then(
      (all) => isCurrent && setRuns(all.flat()),
    );
    return () => {
      isCurrent = false;
    };
  }, [key]);
  const models = (jobs ?? []).filter(({ kind }) => kind === "model");
  if (jobs && models.length === 0) return <p class="empty">There is no model to compare yet.</p>;
  const outputs = [
    ...new Set(runs.flatMap(({ metrics }) => metrics.flatMap(({ values }) => Object.keys(values)))),
  ];
  const lines = runs.flatMap(({ detail, metrics }) =>
    linesOf(
      metrics.map((record) => only(record, output)),
      `${detail.id} `,
    ).map((line) => ({ ...line, key: detail.id })),
  );
  const toggle = (id: string) => {
    const next = ids.includes(id) ? ids.filter((other) => other !== id) : [...ids, id];
    go(`/compare${next.length > 0 ? `?jobs=${next.join(",")}` : ""}`);
  };
  return (
    <>
      <h1>Compare</h1>
      <fieldset class="choices">
        <legend>Models</legend>
        {models.map(({ id }) => (
          <label key={id} class="check">
            <input type="checkbox" checked={ids.includes(id)} onChange={() => toggle(id)} />
            {id}
          </label>
        ))}
      </fieldset>
      {runs.length === 0 ? (
        <p class="empty">Choose two models or more.</p>
      ) : (
        <>
          <SelectField
            label="Curve"
            value={output}
            onChange={setOutput}
            choices={outputs.map((name): [string, string] => [name, name])}
          />
          <Chart
            lines={lines}
            isLog={false}
            smoothing={0}
            label={`${output} of the chosen models`}
          />
          <RunTable runs={runs} />
        </>
      )}
    </>
  );
}

function only(record: MetricRecord, name: string): MetricRecord {
  const value = record.values[name];
  return { ...record, values: value === undefined ? {} : { [name]: value } };
}

function RunTable({ runs }: { runs: readonly Run[] }) {
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th>Model</th>
            <th>Best validation</th>
            <th class="number">Epochs</th>
            <th>Learning rate</th>
            <th>Solver</th>
            <th class="number">Batch</th>
            <th>Dataset</th>
            <th>Pretrained</th>
          </tr>
        </thead>
        <tbody>
          {runs.map(({ detail }) => (
            <tr key={detail.id}>
              <td>
                <a href={`/models/${detail.id}`}>{detail.id}</a>
              </td>
              <td>{detail.best ? `${detail.best.name} ${short(detail.best.value)}` : ""}</td>
              <td class="number">{detail.settings.epochs}</td>
              <td>
                {detail.settings.learningRate} ({detail.settings.policy.policy})
              </td>
              <td>{detail.settings.solverType}</td>
              <td class="number">{detail.settings.batchSize ?? "as in the network"}</td>
              <td>{detail.dataset}</td>
              <td>{detail.settings.weights.length > 0 ? "yes" : "no"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
