/** @file Routes of all jobs: the list, live updates, logs, abort, delete, files. */
import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import type { Gauges, JobAbout } from "../../api-types.ts";
import { abortJob } from "../abort-job.ts";
import { readAbout, writeAbout } from "../about.ts";
import type { Context } from "../context.ts";
import { lastEventId, streamEvents } from "../event-stream.ts";
import { GaugeReader } from "../gauges.ts";
import { jobSender } from "../job-events.ts";
import { tailLines } from "../log-tail.ts";
import { Refusal, notFound } from "../refusal.ts";
import { removeJob } from "../remove-job.ts";
import { idParams } from "../schemas.ts";

const LOG_LINES = 200;

const about = {
  type: "object",
  additionalProperties: false,
  properties: {
    title: { type: "string", maxLength: 100 },
    notes: { type: "string", maxLength: 20_000 },
  },
} as const;

type WithId = { Params: { id: string } };

export function addJobRoutes(app: FastifyInstance, context: Context): void {
  const { board, jobs, roots, watch } = context;
  const gauges = new GaugeReader();

  app.get("/api/jobs", () => jobs.list());

  app.get("/api/events", (request, reply) => {
    const look = board.sender(lastEventId(request));
    streamEvents(reply, look, (again) => board.listen(again));
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
      const look = jobSender(jobs, id, roots.job(id), lastEventId(request));
      streamEvents(reply, look, (again) => watch.listen((ids) => ids.has(id) && again()));
    },
  );

  app.get<WithId>("/api/jobs/:id/metrics", { schema: { params: idParams } }, ({ params }) =>
    jobs.metrics(params.id),
  );

  app.get<WithId>("/api/jobs/:id/log", { schema: { params: idParams } }, ({ params }) =>
    tailLines(jobs.logFile(params.id), LOG_LINES),
  );

  app.post<WithId>("/api/jobs/:id/abort", { schema: { params: idParams } }, async ({ params }) => {
    await abortJob(params.id, context);
    return jobs.get(params.id);
  });

  app.put<WithId & { Body: Partial<JobAbout> }>(
    "/api/jobs/:id/about",
    { schema: { params: idParams, body: about } },
    async ({ params, body }) => {
      await jobs.get(params.id);
      const folder = roots.job(params.id);
      if (!existsSync(folder)) throw new Refusal(409, `${params.id} has no folder yet`);
      const known = (await readAbout(folder)) ?? { title: "", notes: "" };
      const changed = { ...known, ...body };
      await writeAbout(folder, changed);
      watch.touch(params.id);
      return changed;
    },
  );

  app.get<WithId>(
    "/api/jobs/:id/gauges",
    { schema: { params: idParams } },
    async ({ params }): Promise<Gauges> => {
      const pid = await jobs.trainingPid(params.id);
      if (pid === undefined) throw new Refusal(409, `${params.id} does not train`);
      return gauges.read(params.id, pid);
    },
  );

  app.delete<WithId>("/api/jobs/:id", { schema: { params: idParams } }, async ({ params }) => {
    await removeJob(params.id, context);
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
