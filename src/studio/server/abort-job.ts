/** @file Stops a job that waits or runs, whoever started it. */
import { readJobRecord } from "../../job/job-record.ts";
import type { Context } from "./context.ts";
import { runsWith, signal } from "./processes.ts";
import { Refusal } from "./refusal.ts";

/** @throws Refusal for a job that does not run, or whose process cannot be told from others */
export async function abortJob(id: string, { jobs, queue, roots }: Context): Promise<void> {
  const { status } = await jobs.get(id);
  const task = queue.get(id);
  if (task?.status === "waiting" || task?.status === "running") return queue.abort(id);
  if (queue.isBusy(id)) return; // it is stopping already
  if (status !== "running") throw new Refusal(409, `${id} does not run`);
  // `cortado fit` on the command line stops with a snapshot, as at Ctrl-C.
  const { pid } = readJobRecord(roots.job(id));
  if (pid === undefined || !PROGRAMS.some((word) => runsWith(pid, [word]))) {
    throw new Refusal(409, `${id} is trained by another program, process ${pid}; stop it there`);
  }
  signal(pid, "SIGINT");
}

/** What the command line is started as. */
const PROGRAMS = ["cortado", "cli/main.js"] as const;
