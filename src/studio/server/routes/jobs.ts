/** @file Routes of all jobs: the list, live updates, logs, abort, delete, files. */
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { JobSummary } from "../../api-types.ts";
import type { Context } from "../context.ts";
import { changeSender, metricSender, streamEvents } from "../job-events.ts";
import { tailLines } from "../log-tail.ts";
import { Refusal, notFound } from "../refusal.ts";
import { idParams } from "../schemas.ts";

const LOG_LINES = 200;
type WithId = { Params: { id: string } };

export function addJobRoutes(app: FastifyInstance, context: Context): void {
  const { jobs, queue, roots } = context;

  app.get("/api/jobs", () => jobs.list());

  app.get("/api/events", (_request, reply) => {
    streamEvents(
      reply,
      changeSender("jobs", () => jobs.list()),
    );
  });

  app.get<WithId>("/api/jobs/:id", { schema: { params: idParams } }, async ({ params }) => {
    const { kind } = await jobs.get(params.id);
    return kind === "model"
      ? jobs.model(params.id).catch(() => jobs.get(params.id))
      : jobs.dataset(params.id);
  });

  app.get<WithId>(
    "/api/jobs/:id/events",
    { schema: { params: idParams } },
    async (request, reply) => {
      const { id } = request.params;
      await jobs.get(id);
      const senders = [
        changeSender("job", () => jobs.get(id)),
        metricSender(roots.job(id), lastEventId(request)),
        changeSender("log", async () => tailLines(jobs.logFile(id), LOG_LINES)),
      ];
      streamEvents(reply, async (stream) => {
        for (const send of senders) await send(stream);
      });
    },
  );

  app.get<WithId>("/api/jobs/:id/metrics", { schema: { params: idParams } }, ({ params }) =>
    jobs.metrics(params.id),
  );

  app.get<WithId>("/api/jobs/:id/log", { schema: { params: idParams } }, ({ params }) =>
    tailLines(jobs.logFile(params.id), LOG_LINES),
  );

  app.post<WithId>("/api/jobs/:id/abort", { schema: { params: idParams } }, async ({ params }) => {
    const job = await jobs.get(params.id);
    const task = queue.get(params.id);
    if (task?.status !== "waiting" && task?.status !== "running") {
      throw new Refusal(409, whyNotAborted(job));
    }
    await queue.abort(params.id);
    return jobs.get(params.id);
  });

  app.delete<WithId>("/api/jobs/:id", { schema: { params: idParams } }, async ({ params }) => {
    const job = await jobs.get(params.id);
    checkDeletable(job, await jobs.list());
    await rm(roots.job(params.id), { recursive: true, force: true });
    await queue.forget(params.id);
    return { deleted: params.id };
  });

  const fileParams = {
    type: "object",
    properties: {
      ...idParams.properties,
      file: { type: "string", pattern: "^[A-Za-z0-9_][A-Za-z0-9._-]*$" },
    },
  };
  app.get<{ Params: { id: string; file: string } }>(
    "/api/jobs/:id/files/:file",
    { schema: { params: fileParams } },
    async ({ params }, reply) => {
      await jobs.get(params.id);
      const path = await roots
        .inside(join(roots.job(params.id), params.file))
        .catch(() => undefined);
      if (path === undefined) throw notFound(params.file);
      const isText = /\.(prototxt|log|jsonl|ts|js)$/.test(params.file);
      if (isText) reply.type("text/plain; charset=utf-8");
      else
        reply.header("content-disposition", `attachment; filename="${params.id}-${params.file}"`);
      return reply.send(createReadStream(path));
    },
  );
}

/** The place that an earlier connection came to; 0 for a new one. */
function lastEventId({ headers }: FastifyRequest): number {
  const given = Number(headers["last-event-id"] ?? 0);
  return Number.isSafeInteger(given) && given > 0 ? given : 0;
}

function whyNotAborted({ id, status }: JobSummary): string {
  if (status === "running") return `${id} was started outside the studio; stop it there`;
  return `${id} does not run`;
}

function checkDeletable({ id, kind, status }: JobSummary, all: readonly JobSummary[]): void {
  if (status === "running" || status === "waiting") {
    throw new Refusal(409, `${id} is ${status}; abort it first`);
  }
  const users = kind === "dataset" ? all.filter(({ dataset }) => dataset === id) : [];
  if (users.length === 0) return;
  const names = users.map((user) => user.id).join(", ");
  throw new Refusal(409, `${id} is the dataset of ${names}; delete these first`);
}
