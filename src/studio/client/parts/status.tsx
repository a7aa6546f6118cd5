/** @file The state of a job in a word, and how far it is. */
import type { JobSummary, ShownStatus } from "../../api-types.ts";
import { duration, percent } from "../lib/format.ts";

const WORDS: Readonly<Record<ShownStatus, string>> = {
  initialized: "Ready",
  waiting: "Waiting",
  running: "Running",
  done: "Done",
  aborted: "Aborted",
  interrupted: "Interrupted",
  error: "Failed",
};

export function Status({ status }: { status: ShownStatus }) {
  return <span class={`status ${status}`}>{WORDS[status]}</span>;
}

export function Progress({ job }: { job: Pick<JobSummary, "progress" | "eta" | "status"> }) {
  const left = job.eta === undefined ? "" : `, about ${duration(job.eta)} left`;
  return (
    <div class="progress">
      <progress max={1} value={job.progress} aria-label="progress" />
      <span>
        {percent(job.progress)}
        {left}
      </span>
    </div>
  );
}

/** A few values as a line, without axes. */
export function Spark({ values }: { values: readonly number[] }) {
  if (values.length < 2) return null;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span = high - low || 1;
  const points = values
    .map((value, i) => `${(i / (values.length - 1)) * 100},${22 - ((value - low) / span) * 20}`)
    .join(" ");
  return (
    <svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">
      <polyline points={points} />
    </svg>
  );
}
