/** @file PSROIPooling: the average of each cell of a grid over a region, each from channels of its own. */
import { type LayerDefinition, exactly } from "../core/layer.ts";
import { type Cells, checkRegions, itemOf, roundAway } from "./support/regions.ts";

const { fround } = Math;
/** The smallest side of a region, in places of the feature map. */
const SMALLEST = 0.1;

/**
 * Averages a region in cells that look at different channels, so that a score means "the left part of
 * an object is here".
 *
 *     region: corners round(r) spatial_scale, the last ones (round(r) + 1) spatial_scale
 *     y[r, d, i, j] = mean of x[item, (d G + i) G + j] over cell (i, j), cut at the image; 0 if empty
 *
 * with G = group_size and G x G cells. From R-FCN (daijifeng001 PSROIPoolingLayer).
 *
 * - Bottoms: x (N, output_dim G G, H, W); regions (R, 5): item, x1, y1, x2, y2, whose gradient is 0.
 * - Top: y (R, output_dim, G, G).
 */
export const psroiPooling: LayerDefinition = {
  type: "PSROIPooling",
  bottoms: exactly(2),
  tops: exactly(1),
  setUp(context) {
    const { fail } = context;
    const param = context.param.psroiPoolingParam;
    if (!param) return fail("psroi_pooling_param is required", "psroiPoolingParam");
    const { spatialScale, outputDim, groupSize } = param;
    if (outputDim < 1) fail("output_dim must be > 0", "psroiPoolingParam.outputDim");
    if (groupSize < 1) fail("group_size must be > 0", "psroiPoolingParam.groupSize");
    const rows = { start: new Int32Array(groupSize), end: new Int32Array(groupSize) };
    const columns = { start: new Int32Array(groupSize), end: new Int32Array(groupSize) };

    /** Calls `visit` for each cell with something in it: its place in the top, and where it looks. */
    function eachCell(
      shape: readonly number[],
      r: Float32Array,
      visit: (at: number, plane: number, i: number, j: number) => void,
    ): void {
      const [items, channels, height, width] = shape as [number, number, number, number];
      for (let n = 0, at = 0; 5 * n < r.length; n++) {
        const item = itemOf(context, r, n, items);
        const low = (i: number) => fround(roundAway(r[5 * n + i]!) * spatialScale);
        const high = (i: number) => fround((roundAway(r[5 * n + i]!) + 1) * spatialScale);
        spread(low(2), high(4), height, rows);
        spread(low(1), high(3), width, columns);
        for (let d = 0; d < outputDim; d++) {
          for (let i = 0; i < groupSize; i++) {
            for (let j = 0; j < groupSize; j++, at++) {
              const channel = (d * groupSize + i) * groupSize + j;
              visit(at, (item * channels + channel) * height * width, i, j);
            }
          }
        }
      }
    }

    const areaOf = (i: number, j: number) =>
      Math.max(0, rows.end[i]! - rows.start[i]!) * Math.max(0, columns.end[j]! - columns.start[j]!);

    return {
      blobs: [],
      reshape([x, regions], [top]) {
        checkRegions(context, x!, regions!);
        const channels = outputDim * groupSize * groupSize;
        if (x!.shape[1] !== channels) {
          fail(
            "input channel number does not match layer parameters: output_dim x group_size^2 is " +
              `${channels}, and the bottom has ${x!.shape[1]} channels`,
            "psroiPoolingParam",
          );
        }
        top!.reshape(regions!.shape[0]!, outputDim, groupSize, groupSize);
      },
      forward([bottom, regions], [top]) {
        const [x, y] = [bottom!.data, top!.data];
        const width = bottom!.shape[3]!;
        eachCell(bottom!.shape, regions!.data, (at, plane, i, j) => {
          let sum = 0;
          for (let h = rows.start[i]!; h < rows.end[i]!; h++) {
            for (let w = columns.start[j]!; w < columns.end[j]!; w++)
              sum += x[plane + h * width + w]!;
          }
          y[at] = sum / Math.max(1, areaOf(i, j));
        });
      },
      backward([top], propagateDown, [bottom, regions]) {
        if (propagateDown[1]) regions!.diff.fill(0);
        if (!propagateDown[0]) return;
        const [dx, dy] = [bottom!.diff, top!.diff];
        const width = bottom!.shape[3]!;
        dx.fill(0);
        eachCell(bottom!.shape, regions!.data, (at, plane, i, j) => {
          const share = dy[at]! / Math.max(1, areaOf(i, j));
          for (let h = rows.start[i]!; h < rows.end[i]!; h++) {
            for (let w = columns.start[j]!; w < columns.end[j]!; w++) {
              dx[plane + h * width + w]! += share;
            }
          }
        });
      },
    };
  },
};

/** Spreads [low, high) over the cells of one axis, and cuts them at [0, size). */
function spread(low: number, high: number, size: number, { start, end }: Cells): void {
  const step = fround(Math.max(fround(high - low), fround(SMALLEST)) / start.length);
  const cut = (place: number) => Math.min(Math.max(place, 0), size);
  for (let i = 0; i < start.length; i++) {
    start[i] = cut(Math.floor(fround(fround(i * step) + low)));
    end[i] = cut(Math.ceil(fround(fround((i + 1) * step) + low)));
  }
}
