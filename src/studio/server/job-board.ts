/** @file The list of jobs as events: all of it once, then what changes; a browser that comes back gets what it missed. */
import { randomBytes } from "node:crypto";
import type { JobChanges, JobSummary } from "../api-types.ts";
import type { EventStream } from "./event-stream.ts";
import type { JobWatch } from "./job-watch.ts";
import type { Jobs } from "./jobs.ts";

interface Row {
  /** Undefined for a job that is gone. */
  readonly job: JobSummary | undefined;
  readonly text: string;
  /** The turn in which it came to be as it is. */
  readonly turn: number;
}

export class JobBoard {
  readonly #jobs: Jobs;
  readonly #watch: JobWatch;
  readonly #rows = new Map<string, Row>();
  /** Turns of another server mean nothing here. */
  readonly #name = randomBytes(6).toString("hex");
  readonly #streams = new Set<() => void>();
  #unlisten: (() => void) | undefined;
  #turn = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(jobs: Jobs, watch: JobWatch) {
    this.#jobs = jobs;
    this.#watch = watch;
  }

  /** Calls back when something changed; one look at the jobs serves all browsers. */
  listen(again: () => void): () => void {
    this.#streams.add(again);
    this.#unlisten ??= this.#watch.listen(async (ids) => {
      await this.#update(() => Promise.all([...ids].map(async (id) => [id, await this.#read(id)])));
      for (const stream of [...this.#streams]) stream();
    });
    return () => {
      this.#streams.delete(again);
      if (this.#streams.size > 0) return;
      this.#unlisten?.();
      this.#unlisten = undefined;
    };
  }

  /** @returns sends what is new since the last call; `lastId` is of the last event that the browser had */
  sender(lastId: string): (stream: EventStream) => Promise<void> {
    const [name, turn] = lastId.split(".");
    let last = name === this.#name && /^\d{1,15}$/.test(turn ?? "") ? Number(turn) : undefined;
    let isFirst = true;
    return async (stream) => {
      // What happened while nobody looked.
      if (isFirst) await this.#refresh();
      isFirst = false;
      const rows = [...this.#rows].filter(([, row]) => last === undefined || row.turn > last);
      const jobs = rows.flatMap(([, { job }]) => job ?? []);
      const id = `${this.#name}.${this.#turn}`;
      if (last === undefined) stream.send("jobs", jobs, id);
      else if (rows.length > 0) {
        const gone = rows.flatMap(([key, { job }]) => (job ? [] : [key]));
        stream.send("changes", { jobs, gone } satisfies JobChanges, id);
      }
      last = this.#turn;
      await stream.drained();
    };
  }

  #read(id: string): Promise<JobSummary | undefined> {
    return this.#jobs.get(id).catch(() => undefined);
  }

  #refresh(): Promise<void> {
    return this.#update(async () => {
      const all = new Map((await this.#jobs.list()).map((job) => [job.id, job]));
      return [...new Set([...this.#rows.keys(), ...all.keys()])].map((id) => [id, all.get(id)]);
    });
  }

  /** One after the other: what was read earlier must not stand in for what was read later. */
  #update(read: () => Promise<(readonly [string, JobSummary | undefined])[]>): Promise<void> {
    this.#work = this.#work.then(async () => {
      const found = await read().catch(() => []);
      const changed = found.filter(([id, job]) => {
        const before = this.#rows.get(id);
        return before ? before.text !== textOf(job) : job !== undefined;
      });
      if (changed.length === 0) return;
      this.#turn++;
      for (const [id, job] of changed) {
        this.#rows.set(id, { job, text: textOf(job), turn: this.#turn });
      }
    });
    return this.#work;
  }
}

const textOf = (job: JobSummary | undefined) => (job ? JSON.stringify(job) : "");
