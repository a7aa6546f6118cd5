/** @file The route that tests a trained model on a record or on an uploaded image. */
import type { FastifyInstance } from "fastify";
import type { TestResult } from "../../api-types.ts";
import type { Context } from "../context.ts";
import { readDatasetFile } from "../dataset-file.ts";
import { Refusal } from "../refusal.ts";
import { segment } from "../run-segment.ts";
import { idParams } from "../schemas.ts";

interface TestBody {
  readonly iter?: number;
  readonly record?: { readonly stage: "train" | "val"; readonly index: number };
  readonly upload?: string;
}

const body = {
  type: "object",
  additionalProperties: false,
  properties: {
    iter: { type: "integer", minimum: 0 },
    record: {
      type: "object",
      additionalProperties: false,
      required: ["stage", "index"],
      properties: { stage: { enum: ["train", "val"] }, index: { type: "integer", minimum: 0 } },
    },
    upload: { type: "string", maxLength: 64 },
  },
} as const;

export function addTestRoutes(app: FastifyInstance, { jobs, uploads }: Context): void {
  app.post<{ Params: { id: string }; Body: TestBody }>(
    "/api/models/:id/test",
    { schema: { params: idParams, body } },
    async ({ params, body: { iter, record, upload } }): Promise<TestResult> => {
      const { folder, snapshots, settings } = await jobs.model(params.id);
      if (snapshots.length === 0) throw new Refusal(409, `${params.id} has no snapshot yet`);
      const dataset = await readDatasetFile(settings.dataset);
      const from = { folder, iter };
      const classNames = dataset?.classNames ?? [];
      if (record) {
        const source = { ...from, dataset: settings.dataset, ...record };
        return {
          ...(await segment(source)),
          title: `${record.stage} record ${record.index}`,
          classNames,
        };
      }
      if (upload === undefined) throw new Refusal(400, "choose a record or a file to test");
      try {
        const file = await uploads.path(upload);
        return { ...(await segment({ ...from, file })), title: "uploaded image", classNames };
      } finally {
        // An uploaded slice may be a patient's; it is not kept.
        await uploads.drop(upload);
      }
    },
  );
}
