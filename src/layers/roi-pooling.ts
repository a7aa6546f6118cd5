/** @file ROIPooling: the maximum of each cell of a grid over a region. */
import { type LayerDefinition, exactly } from "../core/layer.ts";
import { withDefaults } from "../schema/index.ts";
import { cellSpan, checkRegions, itemOf, roundAway } from "./support/regions.ts";

const { fround } = Math;

/**
 * Pools a region of any size to a grid of pooled_h x pooled_w cells.
 *
 *     region: corners r spatial_scale, rounded; at least 1 x 1, both corners inside
 *     cell (i, j): rows floor(i h) to ceil((i + 1) h), h = region height / pooled_h, columns likewise
 *     y[r, c, i, j] = max of x[item, c] over the cell, cut at the image; 0 where nothing is left
 *
 * The gradient goes to the first maximum. From Fast R-CNN (rbgirshick ROIPoolingLayer).
 *
 * - Bottoms: x (N, C, H, W); regions (R, 5): item, x1, y1, x2, y2, whose gradient is 0.
 * - Top: y (R, C, pooled_h, pooled_w).
 */
export const roiPooling: LayerDefinition = {
  type: "ROIPooling",
  bottoms: exactly(2),
  tops: exactly(1),
  setUp(context) {
    const param = withDefaults("ROIPoolingParameter", context.param.roiPoolingParam);
    const { pooledH, pooledW, spatialScale } = param;
    if (pooledH < 1) context.fail("pooled_h must be > 0", "roiPoolingParam");
    if (pooledW < 1) context.fail("pooled_w must be > 0", "roiPoolingParam");
    /** Where each maximum was, in its item; -1 for none. */
    let chosen = new Int32Array(0);
    const rows = { start: new Int32Array(pooledH), end: new Int32Array(pooledH) };
    const columns = { start: new Int32Array(pooledW), end: new Int32Array(pooledW) };
    return {
      blobs: [],
      reshape([x, regions], [top]) {
        checkRegions(context, x!, regions!);
        top!.reshape(regions!.shape[0]!, x!.shape[1]!, pooledH, pooledW);
        if (chosen.length < top!.count) chosen = new Int32Array(top!.count);
      },
      forward([bottom, regions], [top]) {
        const [x, y, r] = [bottom!.data, top!.data, regions!.data];
        const [, channels, height, width] = bottom!.shape as [number, number, number, number];
        for (let n = 0, at = 0; n < regions!.shape[0]!; n++) {
          const item = itemOf(context, r, n, bottom!.shape[0]!);
          const corner = (i: number) => roundAway(fround(r[5 * n + i]! * spatialScale));
          cellSpan(corner(2), corner(4), height, rows);
          cellSpan(corner(1), corner(3), width, columns);
          for (let c = 0; c < channels; c++) {
            const plane = (item * channels + c) * height * width;
            for (let i = 0; i < pooledH; i++) {
              for (let j = 0; j < pooledW; j++, at++) {
                const best = largest(
                  x,
                  plane,
                  width,
                  rows.start[i]!,
                  rows.end[i]!,
                  columns.start[j]!,
                  columns.end[j]!,
                );
                chosen[at] = best;
                y[at] = best < 0 ? 0 : x[best]!;
              }
            }
          }
        }
      },
      backward([top], propagateDown, [bottom, regions]) {
        if (propagateDown[1]) regions!.diff.fill(0);
        if (!propagateDown[0]) return;
        const [dx, dy] = [bottom!.diff, top!.diff];
        dx.fill(0);
        for (let i = 0; i < dy.length; i++) if (chosen[i]! >= 0) dx[chosen[i]!]! += dy[i]!;
      },
    };
  },
};

/** Index of the largest value of rows [top, bottom) and columns [left, right); -1 if there are none. */
function largest(
  x: Float32Array,
  plane: number,
  width: number,
  top: number,
  bottom: number,
  left: number,
  right: number,
): number {
  let best = -1;
  let value = Number.NEGATIVE_INFINITY;
  for (let h = top; h < bottom; h++) {
    const row = plane + h * width;
    for (let i = row + left; i < row + right; i++) {
      if (x[i]! > value) {
        value = x[i]!;
        best = i;
      }
    }
  }
  return best;
}
