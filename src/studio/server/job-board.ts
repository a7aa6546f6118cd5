/** @file The list of jobs as events: all of it once, then what changes; a browser that comes back gets what it missed. */
import { randomBytes } from "node:crypto";
import type { JobChanges, JobList, JobSummary } from "../api-types.ts";
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

/** So many jobs are read at once where nobody waits for them. */
const PORTION = 4;

export class JobBoard {
  readonly #jobs: Jobs;
  readonly #watch: JobWatch;
  readonly #rows = new Map<string, Row>();
  /** Turns of another server mean nothing here. */
  readonly #name = randomBytes(6).toString("hex");
  readonly #streams = new Set<() => void>();
  #unlisten: (() => void) | undefined;
  /** Whether all was read since changes are heard of. */
  #isLive = false;
  #refreshing: Promise<void> | undefined;
  #filling: Promise<void> | undefined;
  #turn = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(jobs: Jobs, watch: JobWatch) {
    this.#jobs = jobs;
    this.#watch = watch;
  }

  /** Calls back when something changed; one look at the jobs serves all browsers. */
  listen(again: () => void): () => void {
    this.#streams.add(again);
    this.#unlisten ??= this.#watch.listen((ids) => this.#look(ids));
    return () => {
      this.#streams.delete(again);
      if (this.#streams.size > 0) return;
      this.#unlisten?.();
      this.#unlisten = undefined;
      this.#isLive = false;
    };
  }

  /** All jobs as they are; curves that were never read may be missing, and are a change later. */
  async list(): Promise<JobList> {
    await this.#refresh();
    return { jobs: this.#since(undefined).jobs, last: this.#place() };
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
      const changes = this.#since(last);
      if (last === undefined) stream.send("jobs", changes.jobs, this.#place());
      else if (changes.jobs.length + changes.gone.length > 0) {
        stream.send("changes", changes, this.#place());
      }
      last = this.#turn;
      await stream.drained();
    };
  }

  #place(): string {
    return `${this.#name}.${this.#turn}`;
  }

  #since(turn: number | undefined): JobChanges {
    const rows = [...this.#rows].filter(([, row]) => turn === undefined || row.turn > turn);
    return {
      jobs: rows.flatMap(([, { job }]) => job ?? []),
      gone: rows.flatMap(([id, { job }]) => (job ? [] : [id])),
    };
  }

  /** Reads jobs again, and tells the browsers. */
  async #look(ids: Iterable<string>): Promise<void> {
    const read = async (id: string) =>
      [id, await this.#jobs.get(id).catch(() => undefined)] as const;
    await this.#update(() => Promise.all([...ids].map(read)));
    for (const stream of [...this.#streams]) stream();
  }

  /** Finds what happened while nobody listened; whoever asks meanwhile waits for the same. */
  async #refresh(): Promise<void> {
    if (this.#isLive) return;
    this.#refreshing ??= this.#readAll().finally(() => {
      this.#refreshing = undefined;
    });
    await this.#refreshing;
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = undefined;
    });
  }

  /** Without waiting for curves that were never read. */
  #readAll(): Promise<void> {
    return this.#update(async () => {
      const all = new Map((await this.#jobs.list("known curves")).map((job) => [job.id, job]));
      return [...new Set([...this.#rows.keys(), ...all.keys()])].map((id) => [id, all.get(id)]);
    });
  }

  /** Reads the curves that are missing, a few at a time: whoever asks meanwhile goes between. */
  async #fill(): Promise<void> {
    const listening = this.#unlisten;
    const ids = [...this.#rows].filter(([, { job }]) => job).map(([id]) => id);
    for (let i = 0; i < ids.length; i += PORTION) await this.#look(ids.slice(i, i + PORTION));
    this.#isLive = listening !== undefined && listening === this.#unlisten;
  }

  /** One after the other: what was read earlier must not stand in for what was read later. */
  #update(read: () => Promise<readonly (readonly [string, JobSummary | undefined])[]>) {
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
