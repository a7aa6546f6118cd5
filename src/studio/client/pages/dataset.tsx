/** @file A dataset: what is in it, and its records as pictures. */
import type { DatasetDetail } from "../../api-types.ts";
import { useFetched, useLiveJob } from "../lib/use-data.ts";
import { Notes } from "../parts/about.tsx";
import { DatasetFacts } from "../parts/dataset-overview.tsx";
import { Disconnected } from "../parts/disconnected.tsx";
import { Gone, JobHead, Log } from "../parts/job-actions.tsx";
import { RecordGrid } from "../parts/record-grid.tsx";

export function DatasetPage({ id }: { id: string }) {
  const { job, log, isConnected, isGone } = useLiveJob(id);
  const {
    value: detail,
    error,
    reload,
  } = useFetched<DatasetDetail>(`/api/jobs/${id}`, job?.status);
  if (isGone) return <Gone id={id} />;
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
      {!isConnected && <Disconnected />}
      {isDone && <DatasetFacts detail={detail} />}
      {isDone && (
        <section>
          <h2>Explore</h2>
          <RecordGrid
            dataset={id}
            stages={(job.val ?? 0) > 0 ? ["train", "val"] : ["train"]}
            hasDialog
          />
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
