/** @file Layers whose top is their bottom in another shape: both use the same memory. */
import type { Blob } from "../../core/blob.ts";
import type { Layer } from "../../core/layer.ts";

/**
 * A layer whose one top holds the values of its one bottom in the same order, without a copy.
 * @param shapeTop gives the top its shape; its count must be the bottom's
 */
export function aliasLayer(shapeTop: (bottom: Blob, top: Blob) => void): Layer {
  return {
    blobs: [],
    onlyShares: true,
    reshape([bottom], [top]) {
      shapeTop(bottom!, top!);
      share(bottom!, top!);
    },
    forward: ([bottom], [top]) => share(bottom!, top!),
    backward([top], propagateDown, [bottom]) {
      if (propagateDown[0]) bottom!.shareDiff(top!);
    },
  };
}

/** Diffs join only where one is there already: a net that never runs backward reserves none. */
function share(bottom: Blob, top: Blob): void {
  top.shareData(bottom);
  if (bottom.hasDiff) top.shareDiff(bottom);
}
