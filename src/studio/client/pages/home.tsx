/** @file All jobs: datasets and models, live. */
import { useState } from "preact/hooks";
import type { JobSummary } from "../../api-types.ts";
import { type JobFilter, addressOf, filterOf, filtered } from "../lib/job-filter.ts";
import { replaceAddress } from "../lib/router.ts";
import { useJobs } from "../lib/use-jobs.ts";
import { ChosenBar } from "../parts/chosen-bar.tsx";
import { type Choice, JobCards } from "../parts/job-cards.tsx";
import { Disconnected } from "../parts/disconnected.tsx";
import { JobFilterBar } from "../parts/job-filter-bar.tsx";

/** Fewer need no search. */
const MANY = 4;

const NO_DATASET =
  "No dataset yet. No data at hand? The phantom draws synthetic heart slices with contours, in one click.";

export function HomePage({ query }: { query: URLSearchParams }) {
  const { jobs, isConnected } = useJobs();
  const [chosen, setChosen] = useState<ReadonlySet<string>>();
  if (!jobs) return <p>Loading ...</p>;
  const filter = filterOf(query);
  const shown = filtered(jobs, filter);
  const datasets = jobs.filter(({ kind }) => kind === "dataset");
  const isReady = datasets.some(({ status }) => status === "done");
  const noModel = isReady
    ? "No model yet. Choose a network and a dataset, and watch it learn."
    : "A model learns from a dataset; make one of these first.";
  const choice = chosen && choiceOf(chosen, setChosen);
  const show = (wanted: JobFilter) => replaceAddress(addressOf(wanted));
  return (
    <>
      {!isConnected && <Disconnected />}
      {jobs.length >= MANY && (
        <JobFilterBar filter={filter} onChange={show}>
          <button
            type="button"
            aria-pressed={chosen !== undefined}
            onClick={() => setChosen(chosen ? undefined : new Set())}
          >
            Choose
          </button>
        </JobFilterBar>
      )}
      {chosen && (
        <ChosenBar
          chosen={jobs.filter(({ id }) => chosen.has(id))}
          onEnd={() => setChosen(undefined)}
        />
      )}
      <JobSection
        {...{ kind: "model", title: "Models", all: jobs, shown, choice }}
        form={isReady ? { path: "/new-model", label: "New model", isNext: true } : undefined}
        empty={noModel}
      />
      <JobSection
        {...{ kind: "dataset", title: "Datasets", all: jobs, shown, choice }}
        form={{ path: "/new-dataset", label: "New dataset", isNext: !isReady }}
        empty={NO_DATASET}
      />
    </>
  );
}

function choiceOf(ids: ReadonlySet<string>, set: (ids: ReadonlySet<string>) => void): Choice {
  const toggle = (id: string) => {
    const next = new Set(ids);
    if (!next.delete(id)) next.add(id);
    set(next);
  };
  return { ids, toggle };
}

interface JobSectionProps {
  readonly kind: JobSummary["kind"];
  readonly title: string;
  readonly all: readonly JobSummary[];
  /** Those of all that the filter leaves. */
  readonly shown: readonly JobSummary[];
  readonly choice: Choice | undefined;
  /** What makes a new one; `isNext`: it is what to do now. */
  readonly form: { path: string; label: string; isNext: boolean } | undefined;
  readonly empty: string;
}

function JobSection({ kind, title, all, shown, choice, form, empty }: JobSectionProps) {
  const [own, ofKind] = [shown, all].map((jobs) => jobs.filter((job) => job.kind === kind));
  const count = own!.length < ofKind!.length ? `${own!.length} of ${ofKind!.length}` : own!.length;
  return (
    <section aria-labelledby={`${kind}s`}>
      <div class="title">
        <h1 id={`${kind}s`}>{title}</h1>
        {ofKind!.length > 0 && <span class="soft count">{count}</span>}
        {form && (
          <a class={form.isNext ? "button primary" : "button"} href={form.path}>
            {form.label}
          </a>
        )}
      </div>
      {own!.length > 0 && <JobCards jobs={own!} choice={choice} />}
      {ofKind!.length === 0 && <p class="empty">{empty}</p>}
      {own!.length === 0 && ofKind!.length > 0 && (
        <p class="empty">None of the {ofKind!.length} is as you ask above.</p>
      )}
    </section>
  );
}
