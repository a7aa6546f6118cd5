/** @file A model: curves while it trains, snapshots, and a test of what it learned. */
import { useState } from "preact/hooks";
import type { MetricRecord, ModelDetail } from "../../api-types.ts";
import { bytes, short } from "../lib/format.ts";
import { useFetched, useLiveJob } from "../lib/use-data.ts";
import { Chart, linesOf } from "../parts/chart.tsx";
import { JobHead, Log } from "../parts/job-actions.tsx";
import { TestPanel } from "../parts/test-panel.tsx";
import { Fact } from "./dataset.tsx";

export function ModelPage({ id }: { id: string }) {
  const { job, metrics, log, isConnected } = useLiveJob(id);
  // Snapshots come with validations; both are reason enough to look again.
  const again = `${job?.status} ${metrics.filter(({ phase }) => phase === "val").length}`;
  const { value: detail, error } = useFetched<ModelDetail>(`/api/jobs/${id}`, again);
  if (error) return <p class="banner bad">{error}</p>;
  if (!job || !detail) return <p>Loading ...</p>;
  const isActive = job.status === "running" || job.status === "waiting";
  return (
    <>
      <JobHead job={job}>
        <a class="button" href={`/compare?jobs=${id}`}>
          Compare
        </a>
      </JobHead>
      {!isConnected && <p class="banner note">The studio does not answer; trying again ...</p>}
      <Curves metrics={metrics} isActive={isActive} id={id} />
      {job.best && /dice/i.test(job.best.name) && job.best.value === 0 && metrics.length > 8 && (
        <p class="banner note">
          A Dice of 0 means that the network predicts no foreground at all: it has not learned to
          tell the object from the background yet. Weights that start at 0, or a learning rate that
          does not fit, are the usual reasons.
        </p>
      )}
      <Settings
        detail={detail}
        best={
          job.best
            ? `${job.best.name} ${short(job.best.value)} at epoch ${short(job.best.epoch)}`
            : "none yet"
        }
      />
      {detail.snapshots?.length > 0 && (
        <>
          <TestPanel model={detail} />
          <Snapshots detail={detail} />
        </>
      )}
      <Log lines={log} isOpen={job.status === "error"} />
    </>
  );
}

function Curves({
  metrics,
  isActive,
  id,
}: {
  metrics: readonly MetricRecord[];
  isActive: boolean;
  id: string;
}) {
  const [isLog, setLog] = useState(false);
  const [smoothing, setSmoothing] = useState(0);
  if (metrics.length === 0) {
    return (
      <p class="empty">
        {isActive ? "The first points come in a moment." : "No points were recorded."}
      </p>
    );
  }
  return (
    <section aria-label="Training curves">
      <Chart
        lines={linesOf(metrics)}
        isLog={isLog}
        smoothing={smoothing}
        label={`Curves of ${id}`}
      />
      <div class="toolbar">
        <label class="check">
          <input
            type="checkbox"
            checked={isLog}
            onChange={(event) => setLog(event.currentTarget.checked)}
          />
          Log scale
        </label>
        <label class="slider">
          <span>Smoothing</span>
          <input
            type="range"
            min={0}
            max={0.95}
            step={0.05}
            value={smoothing}
            onInput={(event) => setSmoothing(Number(event.currentTarget.value))}
          />
        </label>
        <a href={csvOf(metrics)} download={`${id}.csv`}>
          Download CSV
        </a>
        <span class="soft">Drag to zoom, double-click to go back.</span>
      </div>
    </section>
  );
}

function csvOf(metrics: readonly MetricRecord[]): string {
  const names = [...new Set(metrics.flatMap(({ values }) => Object.keys(values)))];
  const rows = metrics.map(({ iter, epoch, phase, lr, values }) =>
    [iter, epoch, phase, lr, ...names.map((name) => values[name] ?? "")].join(","),
  );
  const text = [["iteration", "epoch", "phase", "learning_rate", ...names].join(","), ...rows].join(
    "\n",
  );
  return URL.createObjectURL(new Blob([`${text}\n`], { type: "text/csv" }));
}

function Settings({ detail, best }: { detail: ModelDetail; best: string }) {
  const { settings } = detail;
  return (
    <dl class="facts">
      <Fact name="Best validation" value={best} />
      <div>
        <dt>Dataset</dt>
        <dd>
          <a href={`/datasets/${detail.dataset}`}>{detail.dataset}</a>
        </dd>
      </div>
      <Fact name="Epochs" value={`${settings.epochs} (${detail.maxIter} iterations)`} />
      <Fact
        name="Learning rate"
        value={`${settings.learningRate}, ${settings.policy.policy}, ${settings.solverType}`}
      />
      <Fact name="Mean subtraction" value={settings.mean} />
      {settings.weights.length > 0 && (
        <Fact
          name="Pretrained"
          value={settings.weights.map((path) => path.split("/").slice(-2).join("/")).join(", ")}
        />
      )}
      <div>
        <dt>Files</dt>
        <dd>
          {[...detail.files, ...detail.layerFiles].map((file) => (
            <a
              key={file}
              href={`/api/jobs/${detail.id}/files/${file}`}
              target="_blank"
              rel="noreferrer"
            >
              {file}{" "}
            </a>
          ))}
        </dd>
      </div>
    </dl>
  );
}

function Snapshots({ detail }: { detail: ModelDetail }) {
  const link = (iter: number, kind: string) =>
    `/api/jobs/${detail.id}/files/snapshot_iter_${iter}.${kind}`;
  return (
    <section>
      <h2>Snapshots</h2>
      <p class="soft">
        A model archive has everything that runs elsewhere: networks, weights, custom layers, mean,
        names of the classes, and how to use it.
      </p>
      <table>
        <thead>
          <tr>
            <th>Epoch</th>
            <th class="number">Iteration</th>
            <th class="number">Size</th>
            <th>Download</th>
          </tr>
        </thead>
        <tbody>
          {detail.snapshots.map(({ iter, epoch, bytes: size, resumable }) => (
            <tr key={iter}>
              <td>Epoch #{short(epoch)}</td>
              <td class="number">{iter}</td>
              <td class="number">{bytes(size)}</td>
              <td class="links">
                <a href={`/api/models/${detail.id}/archive/${iter}`} download>
                  Model (.tar.gz)
                </a>
                <a href={link(iter, "caffemodel")} download>
                  .caffemodel
                </a>
                {resumable && (
                  <a href={link(iter, "solverstate")} download>
                    .solverstate
                  </a>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
