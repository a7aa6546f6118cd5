/** @file A dataset: what is in it, and its records as pictures. */
import type { DatasetDetail } from "../../api-types.ts";
import { bytes, grouped } from "../lib/format.ts";
import { useFetched, useLiveJob } from "../lib/use-data.ts";
import { Notes } from "../parts/about.tsx";
import { JobHead, Log } from "../parts/job-actions.tsx";
import { RecordGrid } from "../parts/record-grid.tsx";

export function DatasetPage({ id }: { id: string }) {
  const { job, log } = useLiveJob(id);
  const {
    value: detail,
    error,
    reload,
  } = useFetched<DatasetDetail>(`/api/jobs/${id}`, job?.status);
  if (error) return <p class="banner bad">{error}</p>;
  if (!job || !detail) return <p>Loading ...</p>;
  const isDone = job.status === "done";
  const about = { title: job.title ?? "", notes: detail.notes ?? "" };
  return (
    <>
      <JobHead job={job} about={about} onSaved={reload}>
        {isDone && (
          <a class="button primary" href={`/new-model?dataset=${id}`}>
            New model
          </a>
        )}
      </JobHead>
      {isDone && <Facts detail={detail} />}
      {isDone && (
        <section>
          <h2>Explore</h2>
          <RecordGrid dataset={id} stages={(job.val ?? 0) > 0 ? ["train", "val"] : ["train"]} />
        </section>
      )}
      {detail.leftOut.length > 0 && (
        <details>
          <summary>{detail.leftOut.length} records were left out</summary>
          <ul>
            {detail.leftOut.map(({ id: record, reason }) => (
              <li key={record}>{reason}</li>
            ))}
          </ul>
        </details>
      )}
      {isDone && <Notes id={id} about={about} onSaved={reload} />}
      <Log lines={log} isOpen={!isDone} />
    </>
  );
}

function Facts({ detail }: { detail: DatasetDetail }) {
  const shares = detail.classShares
    .map(
      (share, index) =>
        `${detail.classNames[index] ?? `class ${index}`} ${(share * 100).toFixed(2)} %`,
    )
    .join(", ");
  return (
    <dl class="facts">
      <Fact name="Training images" value={grouped(detail.train ?? 0)} />
      <Fact name="Validation images" value={grouped(detail.val ?? 0)} />
      <Fact name="Feature shape" value={detail.shape?.join(" × ") ?? ""} />
      <Fact name="Label shape" value={detail.labelShape?.join(" × ") ?? ""} />
      <Fact name="Pixels by class" value={shares} />
      <Fact name="Size" value={bytes(detail.bytes)} />
      <Fact name="Folder" value={detail.folder} />
      {detail.usedBy.length > 0 && (
        <div>
          <dt>Models</dt>
          <dd>
            {detail.usedBy.map((model) => (
              <a key={model} href={`/models/${model}`}>
                {model}{" "}
              </a>
            ))}
          </dd>
        </div>
      )}
    </dl>
  );
}

export function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
