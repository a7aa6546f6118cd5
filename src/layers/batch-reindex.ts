/** @file BatchReindex: items of a batch in another order, left out or repeated. */
import type { Blob } from "../core/blob.ts";
import { type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";

/**
 * Takes the items that the second bottom lists.
 *
 *     y[i] = x[index[i]]
 *     dx[n] = sum of dy[i] where index[i] = n
 *
 * - Bottoms: x (N, ...); index (M), integers 0 to N - 1; has no gradient. Top: y (M, ...).
 */
export const batchReindex: LayerDefinition = {
  type: "BatchReindex",
  bottoms: exactly(2),
  tops: exactly(1),
  setUp(context) {
    const { engine, fail } = context;
    return {
      blobs: [],
      reshape([bottom, index], [top]) {
        if (index!.shape.length !== 1) {
          fail(`the index blob needs exactly one axis; it has ${index!.shape.length}`, "bottom");
        }
        top!.reshape(index!.shape[0]!, ...bottom!.shape.slice(1));
      },
      forward([bottom, index], [top]) {
        const width = bottom!.count / bottom!.shape[0]!;
        for (let i = 0; i < index!.count; i++) {
          const item = itemOf(context, bottom!, index!, i);
          engine.copy(
            width,
            bottom!.dataPointer + 4 * item * width,
            top!.dataPointer + 4 * i * width,
          );
        }
      },
      backward([top], propagateDown, [bottom, index]) {
        if (propagateDown[1]) {
          fail("Cannot backprop to index. Give it propagate_down: false.", "bottom");
        }
        if (!propagateDown[0]) return;
        const width = bottom!.count / bottom!.shape[0]!;
        engine.fill(bottom!.count, 0, bottom!.diffPointer);
        for (let i = 0; i < index!.count; i++) {
          const to = bottom!.diffPointer + 4 * itemOf(context, bottom!, index!, i) * width;
          engine.add(width, to, top!.diffPointer + 4 * i * width, to);
        }
      },
    };
  },
};

function itemOf({ fail }: LayerContext, { shape }: Blob, { data }: Blob, i: number): number {
  const item = Math.trunc(data[i]!);
  if (item >= 0 && item < shape[0]!) return item;
  return fail(`index ${data[i]} is outside the batch of ${shape[0]} items`, "bottom");
}
