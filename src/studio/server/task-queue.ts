/** @file Runs tasks as child processes, one training and one dataset at a time; what runs outlives this server. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { lastSentence } from "./log-tail.ts";
import { giveWay, runsWith, signal } from "./processes.ts";
import type { Task, TaskFiles, TaskStatus } from "./task.ts";

export interface QueueOptions {
  readonly files: TaskFiles;
  /** The JavaScript of the command line. */
  readonly program: string;
  /** Where the commands run. */
  readonly cwd: string;
  /** How many of a kind run at a time; default 1. */
  readonly parallel?: number;
  /** Hears of each task that changed. */
  readonly onChange?: (id: string) => void;
  /** Whether what a task makes is there, of one whose end nobody saw. */
  readonly isMade?: (task: Task) => boolean;
}

/** How long a process has to end by itself after it was asked to. */
const PATIENCE_MS = 20_000;
/** How often a process is looked at that an earlier server started. */
const POLL_MS = 500;

type NewTask = Pick<Task, "id" | "kind" | "commands" | "form">;

export class TaskQueue {
  readonly #options: QueueOptions;
  readonly #tasks = new Map<string, Task>();
  /** Processes of tasks that run; undefined for one that an earlier server started. */
  readonly #children = new Map<string, ChildProcess | undefined>();
  #written: Promise<void> = Promise.resolve();
  #closed = false;

  /** Takes up what an earlier server left: what runs is watched, what waits still waits. */
  constructor(options: QueueOptions) {
    this.#options = options;
    for (const task of options.files.readAll()) {
      this.#tasks.set(task.id, task);
      if (task.status === "running") this.#adopt(task);
    }
    this.#next();
  }

  get(id: string): Task | undefined {
    return this.#tasks.get(id);
  }

  all(): Iterable<Task> {
    return this.#tasks.values();
  }

  /** Whether a process of it runs, perhaps the last moments after an abort. */
  isBusy(id: string): boolean {
    return this.#children.has(id);
  }

  /** How many of its kind run, or wait since earlier; undefined for a task that does not wait. */
  ahead(id: string): number | undefined {
    const task = this.#tasks.get(id);
    if (task?.status !== "waiting") return undefined;
    const rivals = [...this.#tasks.values()].filter(({ kind }) => kind === task.kind);
    const running = rivals.filter(({ status }) => status === "running").length;
    const waiting = rivals.filter(({ status }) => status === "waiting");
    return running + waiting.findIndex((rival) => rival.id === id);
  }

  async add(task: NewTask): Promise<void> {
    await this.#set({ ...task, status: "waiting", step: 0, created: new Date().toISOString() });
    this.#next();
  }

  /** Asks a process to end with a snapshot, and ends it when it does not; a task that waits is dropped. */
  async abort(id: string): Promise<void> {
    const task = this.#tasks.get(id);
    if (task?.status === "waiting") await this.#set({ ...task, status: "aborted" });
    if (task?.status !== "running" || task.pid === undefined) return;
    const { pid } = task;
    await this.#set({ ...task, status: "aborted" });
    const interrupt = (name: NodeJS.Signals) => {
      if (this.#children.get(id) || this.#runs(task)) signal(pid, name);
    };
    interrupt("SIGINT");
    setTimeout(() => this.isBusy(id) && interrupt("SIGKILL"), PATIENCE_MS).unref();
  }

  async forget(id: string): Promise<void> {
    this.#tasks.delete(id);
    await this.#written;
    this.#options.files.remove(id);
    this.#options.onChange?.(id);
  }

  /** Stops what this server started; trainings write a snapshot and can be resumed. */
  async close(): Promise<void> {
    this.#closed = true;
    const ended = [...this.#children].map(async ([id, child]) => {
      if (!child) return;
      child.ref();
      const exit = new Promise((resolve) => child.once("exit", resolve));
      await this.abort(id);
      await exit;
    });
    await Promise.all(ended);
  }

  #next(): void {
    for (const kind of ["dataset", "model"] as const) {
      const running = [...this.#children.keys()].filter((id) => this.#tasks.get(id)?.kind === kind);
      const free = (this.#options.parallel ?? 1) - running.length;
      const waiting = [...this.#tasks.values()]
        .filter((task) => task.kind === kind && task.status === "waiting")
        .sort((a, b) => a.created.localeCompare(b.created));
      for (const task of waiting.slice(0, Math.max(0, free))) this.#start(task);
    }
  }

  #start(task: Task): void {
    if (this.#closed) return;
    const { files, program, cwd } = this.#options;
    const log = openSync(files.log(task.id), task.step === 0 ? "w" : "a");
    const child = spawn(process.execPath, [program, ...task.commands[task.step]!], {
      cwd,
      // A group of its own: an interrupt in the terminal reaches it through this server only, once.
      detached: true,
      stdio: ["ignore", log, log],
      env: { ...process.env, CORTADO_PROGRESS: "lines" },
    });
    closeSync(log);
    child.unref();
    if (child.pid) giveWay(child.pid);
    this.#children.set(task.id, child);
    const running: Task = { ...task, status: "running", ...(child.pid ? { pid: child.pid } : {}) };
    void this.#set(running);
    child.once("error", () => void this.#ended(task.id, undefined, "it could not be started"));
    child.once("exit", (code, by) => {
      void this.#ended(
        task.id,
        code ?? undefined,
        by ? `the process was ended by ${by}` : undefined,
      );
    });
  }

  async #ended(id: string, code: number | undefined, reason: string | undefined): Promise<void> {
    this.#children.delete(id);
    const task = this.#tasks.get(id);
    if (task?.status === "running") await this.#settle(task, code, reason);
    this.#next();
  }

  async #settle(task: Task, code: number | undefined, reason: string | undefined): Promise<void> {
    const step = task.step + 1;
    if (code === 0 && step < task.commands.length && !this.#closed) {
      await this.#set({ ...task, step });
      this.#start({ ...task, step });
      return;
    }
    const error = reason ?? lastSentence(this.#options.files.log(task.id));
    const status: TaskStatus = code === 0 ? "done" : "error";
    await this.#set({ ...task, step, status, ...(code === 0 ? {} : { error }) });
  }

  /** Whether the process of a task that an earlier server started is there. */
  #runs({ pid, commands, step }: Task): boolean {
    return runsWith(pid, [this.#options.program, ...commands[step]!]);
  }

  /** Watches a process that this server did not start; its exit code cannot be known. */
  #adopt(task: Task): void {
    this.#children.set(task.id, undefined);
    const timer = setInterval(() => {
      if (this.#runs(task)) return;
      clearInterval(timer);
      void this.#orphanEnded(task.id);
    }, POLL_MS);
    timer.unref();
  }

  /** A training says in its own record what became of it; a dataset is there, or is begun again. */
  async #orphanEnded(id: string): Promise<void> {
    this.#children.delete(id);
    const task = this.#tasks.get(id);
    if (task?.status === "running") {
      if (this.#options.isMade?.(task)) await this.#set({ ...task, status: "done" });
      else if (task.kind === "dataset") await this.#set({ ...task, status: "waiting" });
      else await this.#settle(task, undefined, "the process ended while nobody watched it");
    }
    this.#next();
  }

  async #set(task: Task): Promise<void> {
    this.#tasks.set(task.id, task);
    // One after the other: the file must end as the last state, not as the slowest write.
    this.#written = this.#written.then(() =>
      this.#tasks.get(task.id) === task ? this.#options.files.write(task) : undefined,
    );
    this.#options.onChange?.(task.id);
    await this.#written;
  }
}
