/** @file All jobs, live: the home page comes with them, and each other page goes on from what was seen last. */
import { useEffect, useState } from "preact/hooks";
import type { JobChanges, JobList, JobSummary } from "../../api-types.ts";

let seen: JobList | undefined = broughtAlong();

export interface LiveJobs {
  /** Undefined before the first list is there. */
  readonly jobs: readonly JobSummary[] | undefined;
  readonly isConnected: boolean;
}

export function useJobs(): LiveJobs {
  const [jobs, setJobs] = useState(seen?.jobs);
  const [isConnected, setConnected] = useState(true);
  useEffect(() => {
    const source = new EventSource(`/api/events${seen ? `?last=${seen.last}` : ""}`);
    const show = (list: JobList) => {
      seen = list;
      setJobs(list.jobs);
    };
    source.addEventListener("open", () => setConnected(true));
    source.addEventListener("error", () => setConnected(false));
    source.addEventListener("jobs", ({ data, lastEventId }) =>
      show({ jobs: JSON.parse(data), last: lastEventId }),
    );
    source.addEventListener("changes", ({ data, lastEventId }) =>
      show({ jobs: changed(seen?.jobs ?? [], JSON.parse(data)), last: lastEventId }),
    );
    return () => source.close();
  }, []);
  return { jobs, isConnected };
}

function changed(known: readonly JobSummary[], { jobs, gone }: JobChanges): JobSummary[] {
  const old = new Set([...gone, ...jobs.map(({ id }) => id)]);
  return [...known.filter(({ id }) => !old.has(id)), ...jobs];
}

/** What the server put into the page. */
function broughtAlong(): JobList | undefined {
  const text = document.getElementById("jobs")?.textContent;
  return text ? JSON.parse(text) : undefined;
}
