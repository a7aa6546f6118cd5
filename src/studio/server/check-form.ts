/** @file What the check of a network is asked with: the form's fields, and the files that they name. */
import { meanSubtractions } from "../../job/settings.ts";
import type { CheckForm } from "../api-types.ts";
import type { CheckRequest } from "../check/check.ts";
import type { Context } from "./context.ts";
import { count } from "./model-form.ts";
import { fileRefs, id, networkText } from "./schemas.ts";
import { filePath } from "./uploads.ts";

export const checkForm = {
  type: "object",
  additionalProperties: false,
  required: ["network", "layers", "weights"],
  properties: {
    ...{ network: networkText, dataset: id, layers: fileRefs, weights: fileRefs },
    batchSizes: { type: "array", items: count, maxItems: 10 },
    ...{ valBatchSize: count, cropSize: count, mean: { enum: [...meanSubtractions] } },
  },
} as const;

/** Of several batch sizes the largest, which needs most. */
export async function checkRequest(form: CheckForm, context: Context): Promise<CheckRequest> {
  const { batchSizes = [], valBatchSize, cropSize, mean } = form;
  const paths = (field: "layers" | "weights") =>
    Promise.all(form[field].map((ref) => filePath(ref, context, field)));
  return {
    text: form.network,
    ...(form.dataset ? { dataset: context.roots.job(form.dataset) } : {}),
    layers: await paths("layers"),
    weights: await paths("weights"),
    settings: {
      ...(batchSizes.length > 0 ? { batchSize: Math.max(...batchSizes) } : {}),
      ...(valBatchSize === undefined ? {} : { valBatchSize }),
      ...(cropSize === undefined ? {} : { cropSize }),
      ...(mean === undefined ? {} : { mean }),
    },
    trusted: context.trustedLayers,
    readable: context.roots.data,
  };
}
