/** @file Routes that test a trained model: on a record, on an uploaded image, on a whole half of its dataset. */
import type { FastifyInstance } from "fastify";
import { evaluationCsv } from "../../../job/evaluation-summary.ts";
import { recordName } from "../../../job/record-name.ts";
import type { ModelDetail } from "../../api-types.ts";
import type { Stage, TestResult } from "../../test-types.ts";
import type { Context } from "../context.ts";
import { readDatasetFile } from "../dataset-file.ts";
import { streamEvents } from "../event-stream.ts";
import { layerFence, layerFlags } from "../layer-flags.ts";
import { Refusal } from "../refusal.ts";
import { segment } from "../run-segment.ts";
import { idParams } from "../schemas.ts";

interface TestBody {
  readonly iter?: number;
  readonly record?: { readonly stage: Stage; readonly index: number };
  readonly upload?: string;
  readonly name?: string;
  readonly frame?: number;
  readonly layers: boolean;
}

const stage = { enum: ["train", "val"] } as const;
const iter = { type: "integer", minimum: 0, maximum: 2 ** 31 } as const;

const body = {
  type: "object",
  additionalProperties: false,
  properties: {
    iter,
    record: {
      type: "object",
      additionalProperties: false,
      required: ["stage", "index"],
      properties: { stage, index: { type: "integer", minimum: 0, maximum: 999_999_999 } },
    },
    upload: { type: "string", maxLength: 64 },
    name: { type: "string", maxLength: 255 },
    frame: { type: "integer", minimum: 0, maximum: 1_000_000, default: 0 },
    layers: { type: "boolean", default: false },
  },
} as const;

const LOOK_MS = 500;

type WithId = { Params: { id: string } };

export function addTestRoutes(app: FastifyInstance, context: Context): void {
  const { uploads } = context;

  app.post<WithId & { Body: TestBody }>(
    "/api/models/:id/test",
    { schema: { params: idParams, body } },
    async ({ params, body: asked }): Promise<TestResult> => {
      const model = await trainedModel(params.id, context);
      const { record, upload, frame, layers } = asked;
      const fence = layerFence(params.id, context);
      const from = { folder: model.folder, iter: asked.iter, layers, fence };
      const dataset = await readDatasetFile(model.settings.dataset);
      const names = { classNames: dataset?.classNames ?? [], palette: dataset?.palette ?? [] };
      if (record) {
        const result = await segment({ ...from, dataset: model.settings.dataset, ...record });
        const facts = dataset?.[record.stage].records[record.index] ?? {};
        return { ...result, ...names, title: recordName(facts, record.index) };
      }
      if (upload === undefined) throw new Refusal(400, "choose a record or a file to test");
      try {
        const file = await uploads.path(upload);
        const title = asked.name ?? "uploaded image";
        const request = { ...from, file, ...(frame === undefined ? {} : { frame }) };
        const result = await segment(request).catch((error: unknown) => {
          throw error instanceof Refusal ? error.naming(file, title) : error;
        });
        return { ...result, ...names, title };
      } finally {
        // An uploaded slice may be a patient's; it is not kept.
        await uploads.drop(upload);
      }
    },
  );

  addEvaluationRoutes(app, context);
}

interface WhichParams {
  readonly id: string;
  readonly iter: number;
  readonly stage: Stage;
}

function addEvaluationRoutes(app: FastifyInstance, context: Context): void {
  const { jobs, evaluations } = context;
  const list = async (id: string) => evaluations.list(await jobs.model(id));
  const params = {
    type: "object",
    properties: { ...idParams.properties, iter, stage },
    required: ["id", "iter", "stage"],
  } as const;
  const one = "/api/models/:id/evaluations/:iter/:stage";

  app.get<WithId>(
    "/api/models/:id/evaluations",
    { schema: { params: idParams } },
    ({ params: { id } }) => list(id),
  );

  app.get<WithId>(
    "/api/models/:id/evaluations/events",
    { schema: { params: idParams } },
    async ({ params: { id } }, reply) => {
      await jobs.model(id);
      let sent = "";
      const look: Parameters<typeof streamEvents>[1] = async (stream) => {
        const found = await list(id);
        const text = JSON.stringify(found);
        if (text !== sent) stream.send("evaluations", found);
        sent = text;
      };
      // Pages listen only while a test runs, whose log tells how far it is.
      streamEvents(reply, look, (again) => {
        const timer = setInterval(again, LOOK_MS);
        return () => clearInterval(timer);
      });
    },
  );

  app.post<{ Params: WhichParams }>(
    one,
    { schema: { params } },
    async ({ params: { id, ...which } }, reply) => {
      const model = await trainedModel(id, context);
      if (!model.snapshots.some((snapshot) => snapshot.iter === which.iter)) {
        throw new Refusal(404, `${id} has no snapshot of iteration ${which.iter}`);
      }
      await evaluations.start({ model: id, ...which }, layerFlags(id, context));
      return reply.code(201).send(await list(id));
    },
  );

  app.post<{ Params: WhichParams }>(
    `${one}/abort`,
    { schema: { params } },
    async ({ params: { id, ...which } }) => {
      await jobs.model(id);
      await evaluations.abort({ model: id, ...which });
      return list(id);
    },
  );

  app.get<{ Params: WhichParams }>(
    one,
    { schema: { params } },
    async ({ params: { id, ...which } }) => {
      await jobs.model(id);
      return evaluations.read({ model: id, ...which });
    },
  );

  app.get<{ Params: WhichParams }>(
    `${one}/csv`,
    { schema: { params } },
    async ({ params: { id, ...which } }, reply) => {
      await jobs.model(id);
      const { records, classNames } = await evaluations.read({ model: id, ...which });
      const name = `${id}-iter_${which.iter}-${which.stage}.csv`;
      reply.header("content-disposition", `attachment; filename="${name}"`);
      return reply.type("text/csv; charset=utf-8").send(evaluationCsv(records, classNames));
    },
  );
}

async function trainedModel(id: string, { jobs }: Context): Promise<ModelDetail> {
  const model = await jobs.model(id);
  if (model.snapshots.length === 0) throw new Refusal(409, `${id} has no snapshot yet`);
  return model;
}
