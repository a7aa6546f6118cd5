/** @file Tests of whole halves of a dataset: tasks of their own, whose results lie in the model's folder. */
import { mkdir, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type EvaluationSummary, summarize } from "../../job/evaluation-summary.ts";
import type { ModelDetail } from "../api-types.ts";
import type { EvaluationDetail, EvaluationInfo, Stage } from "../test-types.ts";
import { cachedByStamp } from "./cache.ts";
import { lastProgress } from "./log-tail.ts";
import { Refusal, notFound } from "./refusal.ts";
import type { Roots } from "./roots.ts";
import { type Task, TaskFiles } from "./task.ts";
import { TaskQueue } from "./task-queue.ts";

const FOLDER = "evaluations";
const FILE = /^iter_(\d+)-(train|val)\.json$/;

/** One that is known by its model, its snapshot and its half of the dataset. */
interface Which {
  readonly model: string;
  readonly iter: number;
  readonly stage: Stage;
}

/** The task's id is a file's name; no two have the same, since a model's name may have dashes, but these parts not. */
const idOf = ({ model, iter, stage }: Which) => `${iter}-${stage}-${model}`;

function whichOf(id: string): Which | undefined {
  const [, iter, stage, model] = /^(\d+)-(train|val)-(.+)$/.exec(id) ?? [];
  if (!model) return undefined;
  return { model, iter: Number(iter), stage: stage as Stage };
}

export class Evaluations {
  readonly #roots: Roots;
  readonly #files: TaskFiles;
  readonly #queue: TaskQueue;

  /** @param program the JavaScript of the command line */
  constructor(roots: Roots, program: string) {
    this.#roots = roots;
    this.#files = new TaskFiles(roots.jobs, ".studio/evaluations");
    this.#queue = new TaskQueue({ files: this.#files, program, cwd: roots.jobs });
  }

  /** Those of a model, newest snapshots first. */
  async list({ id, maxIter, settings, snapshots }: ModelDetail): Promise<EvaluationInfo[]> {
    const epochOf = (iter: number) =>
      snapshots.find((snapshot) => snapshot.iter === iter)?.epoch ??
      (iter / maxIter) * settings.epochs;
    const tasks = this.#tasksOf(id);
    const done = (await this.#finished(id)).filter(
      ({ iter, stage }) => !tasks.some((task) => task.iter === iter && task.stage === stage),
    );
    const infos = [
      ...tasks.map((task) => this.#pending(task)),
      ...(await Promise.all(done.map((which) => this.#done(which)))),
    ];
    return infos
      .flatMap((info) => (info ? [{ ...info, epoch: epochOf(info.iter) }] : []))
      .sort((a, b) => b.iter - a.iter || b.stage.localeCompare(a.stage));
  }

  /** @throws Refusal where it was never made, or is not finished */
  async read(which: Which): Promise<EvaluationDetail> {
    const text = await readFile(this.#file(which), "utf8").catch(() => undefined);
    if (text === undefined) throw notFound("the result of this test");
    return JSON.parse(text) as EvaluationDetail;
  }

  /**
   * Starts one, or starts it again.
   * @param flags how custom layers run
   * @throws Refusal where it runs already
   */
  async start(which: Which, flags: readonly string[]): Promise<void> {
    const before = this.#queue.get(idOf(which));
    if (before && isActive(before)) throw new Refusal(409, "this test runs already");
    await mkdir(join(this.#roots.job(which.model), FOLDER), { recursive: true });
    const command = [
      ...["evaluate", this.#roots.job(which.model), ...flags],
      ...[`--snapshot=${which.iter}`, `--stage=${which.stage}`, `--out=${this.#file(which)}`],
    ];
    // A kind is a place in the queue; this one has tests only.
    await this.#queue.add({ id: idOf(which), kind: "model", commands: [command] });
  }

  async abort(which: Which): Promise<void> {
    const task = this.#queue.get(idOf(which));
    if (!task || !isActive(task)) throw new Refusal(409, "this test does not run");
    await this.#queue.abort(task.id);
  }

  /** Ends what runs for a model, and forgets it. */
  async forget(model: string): Promise<void> {
    for (const which of this.#tasksOf(model)) {
      await this.#queue.abort(idOf(which));
      await this.#queue.forget(idOf(which));
    }
  }

  close(): Promise<void> {
    return this.#queue.close();
  }

  /** Those that are not simply done; a failed one is in the way of an older result. */
  #tasksOf(model: string): Which[] {
    return [...this.#queue.all()]
      .filter(({ status }) => status !== "done")
      .map(({ id }) => whichOf(id))
      .filter((which) => which?.model === model) as Which[];
  }

  async #finished(model: string): Promise<Which[]> {
    const names = await readdir(join(this.#roots.job(model), FOLDER)).catch(() => []);
    return names.flatMap((name) => {
      const [, iter, stage] = FILE.exec(name) ?? [];
      return stage ? [{ model, iter: Number(iter), stage: stage as Stage }] : [];
    });
  }

  #pending(which: Which): Omit<EvaluationInfo, "epoch"> | undefined {
    const task = this.#queue.get(idOf(which));
    if (!task) return undefined;
    const { iter, stage } = which;
    const { status, error } = task;
    const progress = lastProgress(this.#files.log(task.id)) ?? 0;
    return { iter, stage, status, progress, error };
  }

  async #done(which: Which): Promise<Omit<EvaluationInfo, "epoch"> | undefined> {
    const summary = await readSummary(this.#file(which));
    const { iter, stage } = which;
    return summary && { iter, stage, status: "done", progress: 1, summary };
  }

  #file({ model, iter, stage }: Which): string {
    return join(this.#roots.job(model), FOLDER, `iter_${iter}-${stage}.json`);
  }
}

const isActive = ({ status }: Task) => status === "waiting" || status === "running";

const readSummary = cachedByStamp(async (file): Promise<EvaluationSummary | undefined> => {
  const { records } = JSON.parse(await readFile(file, "utf8")) as EvaluationDetail;
  return summarize(records);
}, ".");
