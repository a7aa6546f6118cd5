/** @file A task: commands of cortado that make one job, and its record on the disk. */
import { mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomically } from "../../model-file/index.ts";
import type { DatasetForm } from "../api-types.ts";

export type TaskStatus = "waiting" | "running" | "done" | "aborted" | "error";

export interface Task {
  /** The job's. */
  readonly id: string;
  readonly kind: "dataset" | "model";
  /** Run one after the other. */
  readonly commands: readonly (readonly string[])[];
  readonly status: TaskStatus;
  readonly created: string;
  /** Why the status is "error". */
  readonly error?: string;
  /** Of the command that runs. */
  readonly pid?: number;
  /** How many commands are done. */
  readonly step: number;
  /** What a dataset was asked for with. */
  readonly form?: DatasetForm;
}

/** The studio's own files, a hidden folder beside the jobs. */
export class TaskFiles {
  readonly #folder: string;

  /** @param name of the folder; several queues have one each */
  constructor(jobs: string, name = ".studio") {
    this.#folder = join(jobs, name);
    for (const name of ["tasks", "logs", "uploads"]) {
      mkdirSync(join(this.#folder, name), { recursive: true });
    }
  }

  get uploads(): string {
    return join(this.#folder, "uploads");
  }

  /** What tasks said, `ID.log`. */
  get logs(): string {
    return join(this.#folder, "logs");
  }

  log(id: string): string {
    return join(this.logs, `${id}.log`);
  }

  async write(task: Task): Promise<void> {
    const text = `${JSON.stringify(task, undefined, 1)}\n`;
    await writeFileAtomically(this.#file(task.id), [new TextEncoder().encode(text)]);
  }

  remove(id: string): void {
    rmSync(this.#file(id), { force: true });
    rmSync(this.log(id), { force: true });
  }

  /** All tasks, oldest first; files that are none are left alone. */
  readAll(): Task[] {
    return readdirSync(join(this.#folder, "tasks"))
      .filter((name) => name.endsWith(".json"))
      .flatMap((name) => {
        try {
          return [JSON.parse(readFileSync(join(this.#folder, "tasks", name), "utf8")) as Task];
        } catch {
          return [];
        }
      })
      .sort((a, b) => a.created.localeCompare(b.created));
  }

  #file(id: string): string {
    return join(this.#folder, "tasks", `${id}.json`);
  }
}
