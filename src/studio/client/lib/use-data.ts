/** @file Data of the server in components: fetched once, or one job kept up to date by events. */
import { useEffect, useState } from "preact/hooks";
import type { JobSummary, LogLines, MetricRecord } from "../../api-types.ts";
import { withoutRepeats } from "../../../job/metric-values.ts";
import { errorsOf, get } from "./api.ts";

export interface Fetched<Value> {
  readonly value: Value | undefined;
  readonly error: string | undefined;
  reload(): void;
}

/** Fetches again when the path or `again` changes; keeps the last value meanwhile. */
export function useFetched<Value>(path: string | undefined, again: unknown = ""): Fetched<Value> {
  const [value, setValue] = useState<Value>();
  const [error, setError] = useState<string>();
  const [turn, setTurn] = useState(0);
  // Turn and again are what makes it fetch again.
  useEffect(() => {
    let isCurrent = true;
    if (path === undefined) return;
    get<Value>(path).then(
      (reply) => {
        if (!isCurrent) return;
        setValue(() => reply);
        setError(undefined);
      },
      (reason: unknown) => isCurrent && setError(Object.values(errorsOf(reason)).flat().join(" ")),
    );
    return () => {
      isCurrent = false;
    };
  }, [path, again, turn]);
  return { value, error, reload: () => setTurn((last) => last + 1) };
}

/** The end of a log that is kept on the page. */
const LOG_LINES = 500;

export interface LiveJob {
  readonly job: JobSummary | undefined;
  readonly metrics: readonly MetricRecord[];
  readonly log: readonly string[];
  readonly isConnected: boolean;
  /** Somebody has deleted it. */
  readonly isGone: boolean;
}

/** How long to wait before a line is opened again that the server has refused. */
const AGAIN_MS = 3000;

/** One job with its curves and the end of its log, live; after a lost connection it goes on where it was. */
export function useLiveJob(id: string): LiveJob {
  const [job, setJob] = useState<JobSummary>();
  const [metrics, setMetrics] = useState<readonly MetricRecord[]>([]);
  const [log, setLog] = useState<readonly string[]>([]);
  const [isConnected, setConnected] = useState(true);
  const [isGone, setGone] = useState(false);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    setMetrics([]);
    let again: number | undefined;
    const source = new EventSource(`/api/jobs/${id}/events`);
    source.addEventListener("open", () => setConnected(true));
    source.addEventListener("error", () => {
      setConnected(false);
      // A line that broke is mended by the browser; one that was refused is not.
      if (source.readyState !== EventSource.CLOSED) return;
      fetch(`/api/jobs/${id}`).then(
        ({ status }) => setGone(status === 404),
        () => undefined,
      );
      again = window.setTimeout(() => setTurn((last) => last + 1), AGAIN_MS);
    });
    source.addEventListener("gone", () => setGone(true));
    source.addEventListener("job", ({ data }) => {
      setJob(JSON.parse(data));
      setGone(false);
    });
    source.addEventListener("log", ({ data }) => {
      const { lines, isWhole } = JSON.parse(data) as LogLines;
      setLog((known) => (isWhole ? lines : [...known, ...lines].slice(-LOG_LINES)));
    });
    source.addEventListener("restart", () => setMetrics([]));
    source.addEventListener("metrics", ({ data }) => {
      const more = JSON.parse(data) as MetricRecord[];
      setMetrics((known) => withoutRepeats([...known, ...more]));
    });
    return () => {
      source.close();
      clearTimeout(again);
    };
    // Turn is what makes it open the line again.
  }, [id, turn]);
  return { job, metrics, log, isConnected, isGone };
}
