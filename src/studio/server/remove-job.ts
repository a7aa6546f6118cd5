/** @file Deletes a job, unless others need it. */
import { rm } from "node:fs/promises";
import { readJobRecord } from "../../job/job-record.ts";
import type { JobSummary } from "../api-types.ts";
import type { Context } from "./context.ts";
import { readDatasetFile } from "./dataset-file.ts";
import { phantomFiles } from "./dataset-commands.ts";
import { Refusal } from "./refusal.ts";
import { isWithin } from "./roots.ts";

/** @throws Refusal for a job that runs, or that others are made of */
export async function removeJob(id: string, context: Context): Promise<void> {
  const { jobs, queue, roots } = context;
  const job = await jobs.get(id);
  if (job.status === "running" || job.status === "waiting" || queue.isBusy(id)) {
    throw new Refusal(
      409,
      `${id} is ${job.status === "waiting" ? "waiting" : "running"}; abort it first`,
    );
  }
  const all = await jobs.list();
  const users =
    job.kind === "dataset" ? modelsOn(id, all) : startingFrom(roots.job(id), all, context);
  if (users.length > 0) {
    const what = job.kind === "dataset" ? "the dataset" : "the pretrained weights";
    throw new Refusal(409, `${id} is ${what} of ${users.join(", ")}; delete these first`);
  }
  await context.evaluations.forget(id);
  const leftovers = await sourceFiles(id, all, context);
  for (const folder of [roots.job(id), ...leftovers])
    await rm(folder, { recursive: true, force: true });
  await queue.forget(id);
}

function modelsOn(id: string, all: readonly JobSummary[]): string[] {
  return all.filter(({ dataset }) => dataset === id).map((user) => user.id);
}

/** Models that have yet to read a snapshot of this one. */
function startingFrom(folder: string, all: readonly JobSummary[], { roots }: Context): string[] {
  return all
    .filter(
      ({ kind, status }) => kind === "model" && (status === "waiting" || status === "initialized"),
    )
    .map(({ id }) => id)
    .filter((id) => {
      const { weights } = readJobRecord(roots.job(id)).settings;
      return weights.some((path) => isWithin(path, folder));
    });
}

/** The files that a phantom was drawn to, unless another dataset was made from them. */
async function sourceFiles(
  id: string,
  all: readonly JobSummary[],
  context: Context,
): Promise<string[]> {
  if (context.queue.get(id)?.form?.kind !== "phantom") return [];
  const folder = phantomFiles(id, context.roots);
  const others = all.filter((job) => job.kind === "dataset" && job.id !== id);
  for (const other of others) {
    const images = (await readDatasetFile(context.roots.job(other.id)))?.settings.images;
    if (typeof images === "string" && isWithin(images, folder)) return [];
  }
  return [folder];
}
