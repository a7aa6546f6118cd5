/** @file What the routes share. */
import type { Checker } from "./checker.ts";
import type { JobBoard } from "./job-board.ts";
import type { JobWatch } from "./job-watch.ts";
import type { Evaluations } from "./evaluations.ts";
import type { Jobs } from "./jobs.ts";
import type { Roots } from "./roots.ts";
import type { TaskFiles } from "./task.ts";
import type { TaskQueue } from "./task-queue.ts";
import type { Uploads } from "./uploads.ts";

export interface Context {
  readonly roots: Roots;
  readonly files: TaskFiles;
  readonly queue: TaskQueue;
  readonly jobs: Jobs;
  readonly watch: JobWatch;
  readonly board: JobBoard;
  readonly uploads: Uploads;
  readonly checker: Checker;
  /** Flags of `cortado fit` that every training gets. */
  readonly trainingFlags: readonly string[];
  /** Whether custom layers run unfenced, as the user's own. */
  readonly trustedLayers: boolean;
  readonly evaluations: Evaluations;
  /** The most bytes of an uploaded file. */
  readonly uploadLimit: number;
}
