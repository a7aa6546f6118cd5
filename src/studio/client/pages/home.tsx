/** @file All jobs: datasets and models, live. */
import type { JobSummary } from "../../api-types.ts";
import { grouped, short, when } from "../lib/format.ts";
import { useJobs } from "../lib/use-data.ts";
import { Progress, Spark, Status } from "../parts/status.tsx";

export function HomePage() {
  const jobs = useJobs();
  if (!jobs) return <p>Loading ...</p>;
  const models = jobs.filter(({ kind }) => kind === "model");
  const datasets = jobs.filter(({ kind }) => kind === "dataset");
  const isReady = datasets.some(({ status }) => status === "done");
  return (
    <>
      <section aria-labelledby="models">
        <div class="title">
          <h1 id="models">Models</h1>
          {isReady && (
            <a class="button primary" href="/new-model">
              New model
            </a>
          )}
        </div>
        {models.length > 0 ? (
          <ul class="cards">
            {models.map((job) => (
              <ModelCard key={job.id} job={job} />
            ))}
          </ul>
        ) : (
          <p class="empty">
            {isReady
              ? "No model yet. Choose a network and a dataset, and watch it learn."
              : "A model learns from a dataset; make one of these first."}
          </p>
        )}
      </section>
      <section aria-labelledby="datasets">
        <div class="title">
          <h1 id="datasets">Datasets</h1>
          <a class={isReady ? "button" : "button primary"} href="/new-dataset">
            New dataset
          </a>
        </div>
        {datasets.length > 0 ? (
          <ul class="cards">
            {datasets.map((job) => (
              <DatasetCard key={job.id} job={job} />
            ))}
          </ul>
        ) : (
          <p class="empty">
            No dataset yet. No data at hand? The phantom draws synthetic heart slices with contours,
            in one click.
          </p>
        )}
      </section>
    </>
  );
}

const isActive = ({ status }: JobSummary) => status === "running" || status === "waiting";

function ModelCard({ job }: { job: JobSummary }) {
  return (
    <li class="card">
      <div class="card-head">
        <a href={`/models/${job.id}`}>{job.title ?? job.id}</a>
        <Status status={job.status} />
      </div>
      {isActive(job) ? <Progress job={job} /> : <Spark values={job.spark ?? []} />}
      {job.error && <p class="error clamp">{job.error}</p>}
      <p class="soft">
        {job.best && (
          <>
            best {job.best.name} <strong>{short(job.best.value)}</strong> at epoch{" "}
            {short(job.best.epoch)}
            {" · "}
          </>
        )}
        on {job.dataset} · {when(job.created)}
      </p>
    </li>
  );
}

function DatasetCard({ job }: { job: JobSummary }) {
  return (
    <li class="card">
      <div class="card-head">
        <a href={`/datasets/${job.id}`}>{job.title ?? job.id}</a>
        <Status status={job.status} />
      </div>
      {isActive(job) && <Progress job={job} />}
      {job.error && <p class="error clamp">{job.error}</p>}
      <p class="soft">
        {job.train !== undefined &&
          `${grouped(job.train)} training, ${grouped(job.val ?? 0)} validation images of ${job.shape?.join(" × ")} · `}
        {when(job.created)}
      </p>
    </li>
  );
}
