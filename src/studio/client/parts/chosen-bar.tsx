/** @file What can be done with several jobs at once: compare, abort, delete. */
import { useState } from "preact/hooks";
import type { JobSummary } from "../../api-types.ts";
import { errorsOf, post, remove } from "../lib/api.ts";
import { isActive } from "../lib/job-filter.ts";

interface ChosenBarProps {
  readonly chosen: readonly JobSummary[];
  /** Called when choosing is over. */
  readonly onEnd: () => void;
}

export function ChosenBar({ chosen, onEnd }: ChosenBarProps) {
  const [problems, setProblems] = useState<readonly string[]>([]);
  const models = chosen.filter(({ kind }) => kind === "model");
  const active = chosen.filter(isActive);
  const names = models.map(({ id }) => id).join(",");
  const each = async (jobs: readonly JobSummary[], act: (job: JobSummary) => Promise<unknown>) => {
    const failed: string[] = [];
    for (const job of jobs) {
      await act(job).catch((error: unknown) => {
        failed.push(...Object.values(errorsOf(error)).flat());
      });
    }
    setProblems(failed);
    if (failed.length === 0) onEnd();
  };
  const erase = () => {
    if (!confirm(`Delete ${chosen.length} jobs with all their files?`)) return;
    // A dataset can go when the models made of it have gone.
    const inOrder = [...models, ...chosen.filter(({ kind }) => kind === "dataset")];
    void each(inOrder, ({ id }) => remove(`/api/jobs/${id}`));
  };
  return (
    <>
      <div class="toolbar chosen">
        <strong role="status">{chosen.length} chosen</strong>
        {models.length > 1 && (
          <a class="button" href={`/compare?jobs=${names}`}>
            Compare
          </a>
        )}
        {active.length > 0 && (
          <button
            type="button"
            onClick={() => each(active, ({ id }) => post(`/api/jobs/${id}/abort`))}
          >
            Abort
          </button>
        )}
        {chosen.length > 0 && active.length === 0 && (
          <button type="button" class="danger" onClick={erase}>
            Delete
          </button>
        )}
      </div>
      {problems.map((problem) => (
        <p key={problem} class="banner bad" role="alert">
          {problem}
        </p>
      ))}
    </>
  );
}
