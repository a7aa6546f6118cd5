/** @file Routes of datasets: making them, and looking at their records. */
import type { FastifyInstance } from "fastify";
import { overlay } from "../../../job/overlay.ts";
import { pngOf } from "../../../job/picture.ts";
import type { DatasetForm, RecordInfo, RecordPage } from "../../api-types.ts";
import type { Context } from "../context.ts";
import { commandsOf } from "../dataset-commands.ts";
import { readDatasetFile } from "../dataset-file.ts";
import { type Stage, readRecord, windowed } from "../records.ts";
import { Refusal, notFound } from "../refusal.ts";
import { id, idParams, path } from "../schemas.ts";

const form = {
  type: "object",
  additionalProperties: false,
  required: ["kind", "name"],
  properties: {
    kind: { enum: ["phantom", "sunnybrook", "images"] },
    name: id,
    images: path,
    contours: path,
    labels: path,
    channels: { enum: ["none", "L", "RGB"] },
    encoding: { enum: ["none", "png"] },
    valPercent: { type: "number", minimum: 0, maximum: 99 },
    split: { enum: ["slice", "patient"] },
    seed: { type: "integer", minimum: 0, maximum: 2 ** 31 - 1 },
    patients: { type: "integer", minimum: 2, maximum: 200 },
  },
} as const;

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

export function addDatasetRoutes(app: FastifyInstance, context: Context): void {
  const { jobs, queue, roots } = context;

  app.post<{ Body: DatasetForm }>(
    "/api/datasets",
    { schema: { body: form } },
    async ({ body }, reply) => {
      if (await jobs.isTaken(body.name)) {
        throw new Refusal(400, `there is a job called ${body.name} already`, "name");
      }
      const commands = await commandsOf(body, context);
      await queue.add({ id: body.name, kind: "dataset", commands, form: body });
      return reply.code(201).send(await jobs.get(body.name));
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
        .map((record, index): RecordInfo => ({ index, title: titleOf(record) }))
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
      outline: { type: "boolean", default: true },
    },
    required: ["stage", "index"],
  } as const;
  app.get<{
    Params: { id: string };
    Querystring: { stage: Stage; index: number; outline: boolean };
  }>(
    "/api/datasets/:id/picture",
    { schema: { params: idParams, querystring: pictureQuery } },
    async ({ params, query }, reply) => {
      const folder = roots.job(params.id);
      if (!(await readDatasetFile(folder))) throw notFound(`the dataset ${params.id}`);
      const png = await recordPicture(folder, query.stage, query.index, query.outline);
      reply.header("cache-control", "private, max-age=60");
      return reply.type("image/png").send(Buffer.from(png));
    },
  );
}

async function recordPicture(
  folder: string,
  stage: Stage,
  index: number,
  outline: boolean,
): Promise<Uint8Array> {
  const { image, label } = await readRecord(folder, stage, index);
  const picture = windowed(image);
  if (!label || !outline) return pngOf(picture);
  const { width, height } = picture;
  const nothing = { width, height, classes: new Uint8Array(width * height) };
  return pngOf(overlay(picture, nothing, { classCount: 2, label }));
}

/** What a record was made of: case and slice, or the file. Fields of the record itself, never of a DICOM header. */
function titleOf(record: Readonly<Record<string, string | number>>): string {
  if (record.case !== undefined) return `${record.case}, slice ${record.instance ?? "?"}`;
  return String(record.image ?? record.id ?? record.key ?? "");
}
