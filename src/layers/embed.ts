/** @file Embed: rows of a table, chosen by index. */
import type { Blob } from "../core/blob.ts";
import { fill } from "../core/filler.ts";
import { type Layer, type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { withDefaults } from "../schema/index.ts";

/**
 * Looks up a learned vector for each index.
 *
 *     y[m] = W[x[m]] + b
 *     dW[k] = sum of dy[m] where x[m] = k,   db = sum of dy[m]
 *
 * - Bottom: x, integers 0 to input_dim - 1 in any shape; has no gradient.
 * - Top: x's shape and one more axis of num_output.
 * - Blobs: W (input_dim, num_output); b (num_output) unless `bias_term` is false.
 */
export const embed: LayerDefinition = {
  type: "Embed",
  bottoms: exactly(1),
  tops: exactly(1),
  setUp(context): Layer {
    const { engine } = context;
    const param = withDefaults("EmbedParameter", context.param.embedParam);
    const width = positive(context, "numOutput", param.numOutput);
    const entries = positive(context, "inputDim", param.inputDim);
    const weight = context.createBlob([entries, width]);
    fill(weight, param.weightFiller, context.random);
    const bias = param.biasTerm ? context.createBlob([width]) : undefined;
    if (bias) fill(bias, param.biasFiller, context.random);
    return {
      blobs: bias ? [weight, bias] : [weight],
      reshape: ([bottom], [top]) => top!.reshape(...bottom!.shape, width),
      forward([bottom], [top]) {
        for (let m = 0; m < bottom!.count; m++) {
          const entry = entryOf(context, bottom!, m, entries);
          engine.copy(
            width,
            weight.dataPointer + 4 * entry * width,
            top!.dataPointer + 4 * m * width,
          );
        }
        if (bias) engine.addBias(bottom!.count, width, 1, bias.dataPointer, top!.dataPointer);
      },
      backward([top], propagateDown, [bottom]) {
        if (propagateDown[0]) {
          context.fail(
            "Can't backpropagate to EmbedLayer input. Give it propagate_down: false.",
            "bottom",
          );
        }
        if (this.paramPropagateDown?.[0]) {
          for (let m = 0; m < bottom!.count; m++) {
            const row = weight.diffPointer + 4 * entryOf(context, bottom!, m, entries) * width;
            engine.add(width, row, top!.diffPointer + 4 * m * width, row);
          }
        }
        if (bias && this.paramPropagateDown?.[1]) {
          engine.biasGradient(bottom!.count, width, 1, top!.diffPointer, bias.diffPointer);
        }
      },
    };
  },
};

function positive(
  { fail }: LayerContext,
  field: "numOutput" | "inputDim",
  value: number | undefined,
): number {
  if (value !== undefined && value > 0) return value;
  const name = field === "numOutput" ? "num_output" : "input_dim";
  return fail(`EmbedLayer ${name} must be positive.`, `embedParam.${field}`);
}

function entryOf({ fail }: LayerContext, { data }: Blob, m: number, entries: number): number {
  const entry = Math.trunc(data[m]!);
  if (entry >= 0 && entry < entries) return entry;
  return fail(`index ${data[m]} is outside the table's ${entries} entries`, "bottom");
}
