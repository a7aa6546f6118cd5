/** @file A model: curves while it trains, snapshots, and a test of what it learned. */
import type { JobSummary, ModelDetail } from "../../api-types.ts";
import { curveAdvice } from "../lib/curve-advice.ts";
import { bytes, duration, grouped, percent, short } from "../lib/format.ts";
import { settingsFacts } from "../lib/settings-facts.ts";
import { useFetched, useLiveJob } from "../lib/use-data.ts";
import { Notes } from "../parts/about.tsx";
import { Curves } from "../parts/curves.tsx";
import { Gauges } from "../parts/gauges.tsx";
import { Disconnected } from "../parts/disconnected.tsx";
import { Gone, JobHead, Log } from "../parts/job-actions.tsx";
import { Snapshots } from "../parts/snapshots.tsx";
import { TestPanel } from "../parts/test-panel.tsx";
import { Fact } from "../parts/fact.tsx";

export function ModelPage({ id }: { id: string }) {
  const { job, metrics, log, isConnected, isGone } = useLiveJob(id);
  // Snapshots come with validations; both are reason enough to look again.
  const again = `${job?.status} ${metrics.filter(({ phase }) => phase === "val").length}`;
  const { value: detail, error, reload } = useFetched<ModelDetail>(`/api/jobs/${id}`, again);
  if (isGone) return <Gone id={id} />;
  if (error) return <p class="banner bad">{error}</p>;
  if (!job || !detail) return <p>Loading ...</p>;
  const isActive = job.status === "running" || job.status === "waiting";
  const about = { title: job.title ?? "", notes: detail.notes ?? "" };
  return (
    <>
      <JobHead job={job} about={about} onSaved={reload}>
        <a class="button" href={`/compare?jobs=${id}`}>
          Compare
        </a>
      </JobHead>
      {!isConnected && <Disconnected />}
      <div class="training">
        <Curves metrics={metrics} isActive={isActive} id={id} />
        <State job={job} detail={detail} />
      </div>
      {curveAdvice(job, metrics).map((advice) => (
        <p key={advice} class="banner note">
          {advice}
        </p>
      ))}
      <Settings detail={detail} />
      {detail.snapshots?.length > 0 && (
        <>
          <TestPanel model={detail} />
          <Snapshots detail={detail} />
        </>
      )}
      <Notes id={id} about={about} onSaved={reload} />
      <Log lines={log} isOpen={job.status === "error"} />
    </>
  );
}

/** How far it is, how fast, on what; and what it has reached. */
function State({ job, detail }: { job: JobSummary; detail: ModelDetail }) {
  const { best, iter = 0, speed, eta, ahead, status } = job;
  return (
    <aside class="state" aria-label="State of the training">
      <dl>
        {best && (
          <Fact
            name="Best validation"
            value={`${best.name} ${short(best.value)} at epoch ${short(best.epoch)}`}
          />
        )}
        <Fact
          name="Progress"
          value={`${percent(job.progress)}, iteration ${grouped(iter)} of ${grouped(detail.maxIter ?? 0)}`}
        />
        {ahead !== undefined && (
          <Fact name="In the queue" value={ahead === 0 ? "next" : `${ahead} before it`} />
        )}
        {speed !== undefined && <Fact name="Speed" value={`${short(speed)} iterations/s`} />}
        {eta !== undefined && <Fact name="Time left" value={`about ${duration(eta)}`} />}
        {status !== "running" && <TimeTaken detail={detail} />}
        {detail.device && <Fact name="Device" value={detail.device} />}
      </dl>
      {status === "running" && <Gauges id={job.id} />}
    </aside>
  );
}

/** From the beginning to the end, times between left out. */
function TimeTaken({ detail }: { detail: ModelDetail }) {
  const { history = [] } = detail;
  const seconds = history.reduce((sum, { status, time }, i) => {
    const next = history[i + 1];
    if (status !== "running" || !next) return sum;
    return sum + (Date.parse(next.time) - Date.parse(time)) / 1000;
  }, 0);
  return seconds > 0 ? <Fact name="Time taken" value={duration(seconds)} /> : null;
}

function Settings({ detail }: { detail: ModelDetail }) {
  const { settings, id } = detail;
  if (!settings) return null;
  return (
    <dl class="facts">
      <div>
        <dt>Dataset</dt>
        <dd>
          <a href={`/datasets/${detail.dataset}`}>{detail.dataset}</a>
        </dd>
      </div>
      {settingsFacts(settings).map(([name, value]) => (
        <Fact key={name} name={name} value={value} />
      ))}
      <Fact name="Size" value={bytes(detail.bytes)} />
      <Fact name="Folder" value={detail.folder} />
      <div class="wide">
        <dt>Files</dt>
        <dd class="links">
          {[...detail.files, ...detail.layerFiles].map((file) => (
            <a key={file} href={`/api/jobs/${id}/files/${file}`} target="_blank" rel="noreferrer">
              {file}
            </a>
          ))}
        </dd>
      </div>
    </dl>
  );
}
