/** @file Regions of interest: item, x1, y1, x2, y2. */
import type { Blob } from "../../core/blob.ts";
import type { LayerContext } from "../../core/layer.ts";
import { count, shapeString } from "../../core/shape.ts";

const { fround } = Math;

/** Start and end of each cell of a grid along one axis. */
export interface Cells {
  readonly start: Int32Array;
  readonly end: Int32Array;
}

export function checkRegions({ fail }: LayerContext, x: Blob, regions: Blob): void {
  if (x.shape.length !== 4) {
    fail(`the first bottom must be (N, C, H, W), not ${shapeString(x.shape)}`, "bottom");
  }
  if (count(regions.shape, 1) !== 5 || regions.shape.length < 2) {
    fail(
      `ROI layer C x W x H must be == 5: the regions must be (R, 5), not ${shapeString(regions.shape)}`,
      "bottom",
    );
  }
}

/** The item that region n belongs to. */
export function itemOf({ fail }: LayerContext, regions: Float32Array, n: number, items: number) {
  const item = Math.trunc(regions[5 * n]!);
  if (item >= 0 && item < items) return item;
  return fail(`region ${n} belongs to item ${item}; the batch has ${items}`, "bottom");
}

/** As C's `round`: halves go away from zero. */
export function roundAway(x: number): number {
  return Math.sign(x) * Math.floor(Math.abs(x) + 0.5);
}

/** Spreads [first, last] over cells, and cuts them at [0, size); sizes are float32 as in Caffe. */
export function cellSpan(first: number, last: number, size: number, { start, end }: Cells): void {
  const step = fround(Math.max(last - first + 1, 1) / start.length);
  const cut = (place: number) => Math.min(Math.max(place, 0), size);
  for (let i = 0; i < start.length; i++) {
    start[i] = cut(Math.floor(fround(i * step)) + first);
    end[i] = cut(Math.ceil(fround((i + 1) * step)) + first);
  }
}
