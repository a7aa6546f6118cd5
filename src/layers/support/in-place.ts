/** @file Layers whose top must not be their bottom. */
import type { LayerContext } from "../../core/layer.ts";

/** Fails where a top is the first bottom itself. */
export function refuseInPlace({ param, bottoms, tops, fail }: LayerContext): void {
  if (!tops.some((top) => top === bottoms[0])) return;
  fail(
    `${param.type} Layer does not allow in-place computation. Give its top another name.`,
    "top",
  );
}
