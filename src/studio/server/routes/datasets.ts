/** @file Routes of datasets: making them, and looking at their records. */
import type { FastifyInstance } from "fastify";
import { recordName } from "../../../job/record-name.ts";
import type { DatasetForm, RecordInfo, RecordPage } from "../../api-types.ts";
import type { DatasetSources } from "../../dataset-types.ts";
import type { Context } from "../context.ts";
import { checkDataset } from "../dataset-check.ts";
import { commandsOf } from "../dataset-commands.ts";
import { readDatasetFile } from "../dataset-file.ts";
import { datasetForm, datasetSources } from "../dataset-form.ts";
import { datasetOverview, meanPicture, recordDetail } from "../dataset-overview.ts";
import { type PictureOptions, recordPicture } from "../record-picture.ts";
import { type Stage, readRecord } from "../records.ts";
import { Refusal, notFound } from "../refusal.ts";
import { idParams } from "../schemas.ts";

const stage = { enum: ["train", "val"] } as const;
const recordsQuery = {
  type: "object",
  properties: {
    stage,
    filter: { type: "string", maxLength: 100 },
    offset: { type: "integer", minimum: 0, default: 0 },
    limit: { type: "integer", minimum: 1, maximum: 500, default: 24 },
  },
  required: ["stage"],
} as const;

interface RecordsQuery {
  readonly stage: Stage;
  readonly filter?: string;
  readonly offset: number;
  readonly limit: number;
}

type PictureQuery = { readonly stage: Stage; readonly index: number } & Pick<
  PictureOptions,
  "show" | "scale"
>;

export function addDatasetRoutes(app: FastifyInstance, context: Context): void {
  const { jobs, queue, roots } = context;

  app.post<{ Body: DatasetForm }>(
    "/api/datasets",
    { schema: { body: datasetForm } },
    async ({ body }, reply) => {
      if (await jobs.isTaken(body.name)) {
        throw new Refusal(400, `there is a job called ${body.name} already`, "name");
      }
      const commands = await commandsOf(body, context);
      await checkDataset(body, context);
      await queue.add({ id: body.name, kind: "dataset", commands, form: body });
      return reply.code(201).send(await jobs.get(body.name));
    },
  );

  app.post<{ Body: DatasetSources }>(
    "/api/datasets/check",
    { schema: { body: datasetSources } },
    ({ body }) => checkDataset(body, context),
  );

  app.get<{ Params: { id: string } }>(
    "/api/datasets/:id/overview",
    { schema: { params: idParams } },
    ({ params }) => datasetOverview(roots.job(params.id), params.id),
  );

  app.get<{ Params: { id: string } }>(
    "/api/datasets/:id/mean",
    { schema: { params: idParams } },
    async ({ params }, reply) => {
      const png = await meanPicture(roots.job(params.id));
      return reply.type("image/png").send(Buffer.from(png));
    },
  );

  app.get<{ Params: { id: string }; Querystring: RecordsQuery }>(
    "/api/datasets/:id/records",
    { schema: { params: idParams, querystring: recordsQuery } },
    async ({ params, query }): Promise<RecordPage> => {
      const file = await readDatasetFile(roots.job(params.id));
      if (!file) throw notFound(`the dataset ${params.id}`);
      const wanted = (query.filter ?? "").toLowerCase();
      const found = file[query.stage].records
        .map((record, index): RecordInfo => ({ index, title: recordName(record, index) }))
        .filter(({ title }) => title.toLowerCase().includes(wanted));
      return {
        total: found.length,
        records: found.slice(query.offset, query.offset + query.limit),
      };
    },
  );

  const pictureQuery = {
    type: "object",
    properties: {
      stage,
      index: { type: "integer", minimum: 0, maximum: 999_999_999 },
      show: { enum: ["image", "outline", "mask"], default: "outline" },
      scale: { type: "integer", minimum: 1, maximum: 4, default: 1 },
    },
    required: ["stage", "index"],
  } as const;
  app.get<{ Params: { id: string }; Querystring: { stage: Stage; index: number } }>(
    "/api/datasets/:id/record",
    { schema: { params: idParams, querystring: pictureQuery } },
    ({ params, query }) => recordDetail(roots.job(params.id), query.stage, query.index),
  );

  app.get<{ Params: { id: string }; Querystring: PictureQuery }>(
    "/api/datasets/:id/picture",
    { schema: { params: idParams, querystring: pictureQuery } },
    async ({ params, query }, reply) => {
      const folder = roots.job(params.id);
      const file = await readDatasetFile(folder);
      if (!file) throw notFound(`the dataset ${params.id}`);
      const png = await recordPicture(await readRecord(folder, query.stage, query.index), {
        ...query,
        palette: file.palette ?? [],
      });
      reply.header("cache-control", "private, max-age=60");
      return reply.type("image/png").send(Buffer.from(png));
    },
  );
}
