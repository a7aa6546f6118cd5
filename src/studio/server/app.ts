/** @file The studio's server: guard, routes and pages around one jobs folder. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { availableParallelism } from "node:os";
import Fastify, { type FastifyInstance } from "fastify";
import { DATASET_FILE } from "../../plugins/dataset/build.ts";
import { Checker } from "./checker.ts";
import { addClientFiles } from "./client-files.ts";
import type { Context } from "./context.ts";
import { Evaluations } from "./evaluations.ts";
import { addGuard, type GuardOptions } from "./guard.ts";
import { JobBoard } from "./job-board.ts";
import { JobWatch } from "./job-watch.ts";
import { Jobs } from "./jobs.ts";
import { refuseNulls } from "./no-nulls.ts";
import { packageFiles } from "./package-files.ts";
import { replyTo } from "./refusal.ts";
import { Roots } from "./roots.ts";
import { addDatasetRoutes } from "./routes/datasets.ts";
import { addFileRoutes } from "./routes/files.ts";
import { addJobRoutes } from "./routes/jobs.ts";
import { addModelRoutes } from "./routes/models.ts";
import { addTestRoutes } from "./routes/test.ts";
import { TaskFiles } from "./task.ts";
import { TaskQueue } from "./task-queue.ts";
import { Uploads } from "./uploads.ts";

export interface AppOptions extends GuardOptions {
  /** The jobs folder; it must exist. */
  readonly jobs: string;
  /** Folders that datasets and weights may come from; they must exist. */
  readonly data: readonly string[];
  /** The most bytes of an uploaded file; default 1 GiB. */
  readonly uploadLimit?: number;
  /** How many models train at a time, and as many datasets are made; default 1. */
  readonly parallel?: number;
  /** Runs custom layers unfenced, as the user's own; default false. */
  readonly trustedLayers?: boolean;
}

/** Builds the server without listening; closing it stops what runs, with snapshots. */
export function buildApp(options: AppOptions): FastifyInstance {
  const roots = new Roots(options.jobs, options.data);
  const files = new TaskFiles(roots.jobs);
  const uploadLimit = options.uploadLimit ?? 2 ** 30;
  const watch = new JobWatch(roots.jobs, files.logs);
  const { parallel = 1, trustedLayers = false } = options;
  const queue = new TaskQueue({
    ...{ files, program: packageFiles.program, cwd: roots.jobs, parallel },
    onChange: (id) => watch.touch(id),
    isMade: ({ id, kind }) => kind === "dataset" && existsSync(join(roots.job(id), DATASET_FILE)),
  });
  const jobs = new Jobs(roots, files, queue);
  const context: Context = {
    ...{ roots, files, queue, jobs, watch },
    evaluations: new Evaluations(roots, packageFiles.program),
    board: new JobBoard(jobs, watch),
    uploads: new Uploads(files.uploads, uploadLimit),
    checker: new Checker(files.uploads),
    trainingFlags: trainingFlags(parallel),
    trustedLayers,
    uploadLimit,
  };
  const app = Fastify({
    bodyLimit: 4 * 2 ** 20,
    forceCloseConnections: true,
    ajv: { customOptions: { removeAdditional: false, allowUnionTypes: true } },
  });
  // A form of a stranger's page can send text, but no JSON.
  app.removeContentTypeParser("text/plain");
  addGuard(app, options);
  refuseNulls(app);
  app.setErrorHandler((error, _request, reply) => {
    const { status, body } = replyTo(error);
    if (status >= 500) console.error(error);
    reply.code(status).type("application/json").send(body);
  });
  addJobRoutes(app, context);
  addDatasetRoutes(app, context);
  addModelRoutes(app, context);
  addTestRoutes(app, context);
  addFileRoutes(app, context);
  addClientFiles(app, packageFiles.client, context.board);
  // What the first page would wait for is read before it is asked for.
  app.addHook("onListen", async () => void context.board.list());
  app.addHook("onClose", async () => {
    watch.close();
    context.checker.close();
    await Promise.all([queue.close(), context.evaluations.close()]);
  });
  return app;
}

/** Trainings side by side share the cores. */
function trainingFlags(parallel: number): string[] {
  const threads = Math.max(1, Math.floor(availableParallelism() / parallel));
  return parallel > 1 ? [`--threads=${threads}`] : [];
}
