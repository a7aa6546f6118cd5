/** @file The head of a job's page: name, state, buttons, and what went wrong. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { JobAbout, JobSummary } from "../../api-types.ts";
import { errorsOf, post, remove } from "../lib/api.ts";
import { go } from "../lib/router.ts";
import { Title } from "./about.tsx";
import { Progress, Status } from "./status.tsx";

interface JobHeadProps {
  readonly job: JobSummary;
  readonly about: JobAbout;
  /** Called when the name was changed. */
  readonly onSaved: () => void;
  readonly children?: ComponentChildren;
}

export function JobHead({ job, about, onSaved, children }: JobHeadProps) {
  const [problem, setProblem] = useState("");
  const isActive = job.status === "running" || job.status === "waiting";
  const canResume = job.kind === "model" && !isActive && job.status !== "done";
  const act = (action: () => Promise<unknown>) => async () => {
    setProblem("");
    await action().catch((error: unknown) => {
      setProblem(Object.values(errorsOf(error)).flat().join(" "));
    });
  };
  const form = job.kind === "model" ? "new-model" : "new-dataset";
  const erase = async () => {
    if (!confirm(`Delete ${job.id} with all its files?`)) return;
    await remove(`/api/jobs/${job.id}`);
    go("/");
  };
  return (
    <>
      <div class="title">
        <Title id={job.id} about={about} onSaved={onSaved} />
        <Status status={job.status} />
        <div class="actions">
          {isActive && (
            <button type="button" onClick={act(() => post(`/api/jobs/${job.id}/abort`))}>
              Abort
            </button>
          )}
          {canResume && (
            <button
              type="button"
              class="primary"
              onClick={act(() => post(`/api/models/${job.id}/resume`))}
            >
              {job.status === "initialized" ? "Start" : "Resume"}
            </button>
          )}
          {children}
          <a class="button" href={`/${form}?clone=${job.id}`}>
            Clone
          </a>
          {!isActive && (
            <button type="button" class="danger" onClick={act(erase)}>
              Delete
            </button>
          )}
        </div>
      </div>
      {problem && (
        <p class="banner bad" role="alert">
          {problem}
        </p>
      )}
      {job.error && <p class="banner bad">{job.error}</p>}
      {isActive && <Progress job={job} />}
    </>
  );
}

/** In place of a page whose job was deleted, perhaps in another tab. */
export function Gone({ id }: { id: string }) {
  return (
    <p class="empty" role="status">
      There is no job called {id}, or no longer. <a href="/">All jobs</a>
    </p>
  );
}

export function Log({ lines, isOpen }: { lines: readonly string[]; isOpen: boolean }) {
  const text = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  // The newest line stays in sight, but for somebody who reads further up.
  const showEnd = () => {
    if (text.current && isAtEnd.current) text.current.scrollTop = text.current.scrollHeight;
  };
  useEffect(showEnd, [lines]);
  if (lines.length === 0) return null;
  return (
    <details class="log" open={isOpen} onToggle={showEnd}>
      <summary>Log</summary>
      <pre
        ref={text}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        tabIndex={0}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          isAtEnd.current = scrollTop + clientHeight > scrollHeight - 30;
        }}
      >
        {lines.join("\n")}
      </pre>
    </details>
  );
}
