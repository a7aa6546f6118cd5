/** @file Parameter: a learned blob as a top, for layers that take their weights as bottoms. */
import type { Blob } from "../core/blob.ts";
import { type LayerDefinition, exactly } from "../core/layer.ts";

/**
 * Offers a learned blob of the given `shape`, 0 at first.
 *
 * - Top: the blob itself; values and gradient share its memory.
 * - Blobs: the one.
 */
export const parameter: LayerDefinition = {
  type: "Parameter",
  bottoms: exactly(0),
  tops: exactly(1),
  setUp(context) {
    const blob = context.createBlob(context.param.parameterParam?.shape?.dim ?? []);
    return {
      blobs: [blob],
      reshape(_, [top]) {
        top!.reshapeLike(blob);
        share(blob, top!);
      },
      // By now the blob may share another layer's memory, because a param name says so.
      forward: (_, [top]) => share(blob, top!),
    };
  },
};

function share(blob: Blob, top: Blob): void {
  top.shareData(blob);
  top.shareDiff(blob);
}
