/** @file Jobs as cards, as the home page shows them. */
import type { JobSummary } from "../../api-types.ts";
import { grouped, short, when } from "../lib/format.ts";
import { isActive } from "../lib/job-filter.ts";
import { useGrowing } from "../lib/use-growing.ts";
import { Progress, Spark, Status } from "./status.tsx";

/** Which cards are chosen; undefined where none can be. */
export interface Choice {
  readonly ids: ReadonlySet<string>;
  readonly toggle: (id: string) => void;
}

interface JobCardsProps {
  readonly jobs: readonly JobSummary[];
  readonly choice: Choice | undefined;
}

export function JobCards({ jobs, choice }: JobCardsProps) {
  const shown = useGrowing(jobs.length);
  return (
    <ul class="cards" aria-busy={shown < jobs.length}>
      {jobs.slice(0, shown).map((job) => (
        <li key={job.id} class="card">
          <div class="card-head">
            {choice && (
              <input
                type="checkbox"
                aria-label={`Choose ${job.title ?? job.id}`}
                checked={choice.ids.has(job.id)}
                onChange={() => choice.toggle(job.id)}
              />
            )}
            <a href={`/${job.kind}s/${job.id}`}>{job.title ?? job.id}</a>
            <Status status={job.status} />
          </div>
          {isActive(job) ? <Progress job={job} /> : <Spark values={job.spark ?? []} />}
          {job.error && <p class="error clamp">{job.error}</p>}
          <p class="soft">{job.kind === "model" ? modelLine(job) : datasetLine(job)}</p>
        </li>
      ))}
    </ul>
  );
}

function modelLine({ best, dataset, created }: JobSummary) {
  const made = `on ${dataset} · ${when(created)}`;
  if (!best) return made;
  return (
    <>
      best {best.name} <strong>{short(best.value)}</strong> at epoch {short(best.epoch)} · {made}
    </>
  );
}

function datasetLine({ train, val = 0, shape, created }: JobSummary) {
  if (train === undefined) return when(created);
  const records = `${grouped(train)} training, ${grouped(val)} validation images`;
  return `${records} of ${shape?.join(" × ")} · ${when(created)}`;
}
