/** @file Which jobs the home page shows, and in which order; it stands in the address, so that "back" finds it again. */
import type { JobSummary, ShownStatus } from "../../api-types.ts";

export const STATES = {
  all: "All states",
  active: "Running or waiting",
  done: "Done",
  ended: "Failed or stopped",
} as const;
export const ORDERS = { newest: "Newest first", best: "Best first", name: "By name" } as const;

export interface JobFilter {
  /** Words; each must be part of a job's name, title, dataset or error. */
  readonly find: string;
  readonly state: keyof typeof STATES;
  readonly order: keyof typeof ORDERS;
}

const STATE_OF: Readonly<Record<ShownStatus, JobFilter["state"]>> = {
  initialized: "ended",
  waiting: "active",
  running: "active",
  done: "done",
  aborted: "ended",
  interrupted: "ended",
  error: "ended",
};

export const isActive = ({ status }: Pick<JobSummary, "status">) => STATE_OF[status] === "active";

export function filterOf(query: URLSearchParams): JobFilter {
  const [state, order] = [query.get("state") ?? "", query.get("order") ?? ""];
  return {
    find: query.get("find") ?? "",
    state: isKey(state, STATES) ? state : "all",
    order: isKey(order, ORDERS) ? order : "newest",
  };
}

/** The address of the home page with a filter. */
export function addressOf({ find, state, order }: JobFilter): string {
  const query = new URLSearchParams({
    ...(find === "" ? {} : { find }),
    ...(state === "all" ? {} : { state }),
    ...(order === "newest" ? {} : { order }),
  });
  return query.size === 0 ? "/" : `/?${query}`;
}

export function filtered(jobs: readonly JobSummary[], filter: JobFilter): JobSummary[] {
  const words = filter.find.toLowerCase().split(/\s+/);
  return jobs
    .filter((job) => filter.state === "all" || STATE_OF[job.status] === filter.state)
    .filter((job) => {
      const text = [job.id, job.title, job.dataset, job.error].join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    })
    .sort(COMPARE[filter.order]);
}

type Compare = (a: JobSummary, b: JobSummary) => number;

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const numbered = new Intl.Collator(undefined, { numeric: true });
/** What runs or waits stands before everything else. */
const newest: Compare = (a, b) =>
  Number(isActive(b)) - Number(isActive(a)) || byText(b.created, a.created) || byText(a.id, b.id);

const COMPARE: Readonly<Record<JobFilter["order"], Compare>> = {
  newest,
  name: (a, b) => numbered.compare(a.title ?? a.id, b.title ?? b.id),
  best: (a, b) => byBest(a, b) || newest(a, b),
};

/** Scores before losses before nothing; a score is better when more, a loss when less. */
function byBest(a: JobSummary, b: JobSummary): number {
  return rank(a) - rank(b) || worth(b) - worth(a);
}

const isLoss = ({ best }: JobSummary) => best !== undefined && /loss/i.test(best.name);
const rank = (job: JobSummary) => (job.best === undefined ? 2 : isLoss(job) ? 1 : 0);
const worth = (job: JobSummary) => (job.best?.value ?? 0) * (isLoss(job) ? -1 : 1);

function isKey<Known extends object>(
  word: string,
  known: Known,
): word is Extract<keyof Known, string> {
  return Object.hasOwn(known, word);
}
