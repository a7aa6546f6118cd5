/** @file Normalize: vectors of length 1, then scaled. */
import type { Blob } from "../core/blob.ts";
import { fill } from "../core/filler.ts";
import { type Layer, type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { count } from "../core/shape.ts";
import { withDefaults } from "../schema/index.ts";

/**
 * Divides each vector by its length and multiplies by learned scales.
 *
 *     y[n, c, i] = s[c] x[n, c, i] / l,  l = sqrt(eps + sum of x^2)
 *
 * where the sum runs over c and i with `across_spatial` (l[n]), else over c (l[n, i]).
 *
 *     dx = s dy / l - x (sum of s dy x) / l^3,  ds[c] = sum of dy x / l
 *
 * From SSD (weiliu89 NormalizeLayer). SSD takes the scale out of the sum in dx, which is wrong where
 * the channels' scales differ; here it is inside.
 *
 * - Bottom: x (N, C, ...). Top: y, of the same shape.
 * - Blobs: s (C), or a scalar with `channel_shared`; 1 at first where no filler is given.
 */
export const normalize: LayerDefinition = {
  type: "Normalize",
  bottoms: exactly(1),
  tops: exactly(1),
  setUp(context): Layer {
    const given = context.param.normParam ?? context.param.normalizeBboxParam;
    const param = withDefaults("NormalizeParameter", given);
    const channels = channelsOf(context, context.bottoms[0]!);
    const scales = context.createBlob(param.channelShared ? [] : [channels]);
    fill(scales, param.scaleFiller ?? { type: "constant", value: 1 }, context.random);
    const kept = context.createBlob([0]);
    /** 1 / l for each item, or each place of each item; and sums for one item. */
    let inverse = new Float64Array(0);
    let sums = new Float64Array(0);
    let places = 0;
    const scaleOf = (c: number) => scales.data[param.channelShared ? 0 : c]!;
    const groups = () => (param.acrossSpatial ? 1 : places);

    /** sums[g] += factor of the channel times x y, over the channels and places of group g. */
    function sumProducts(x: Float32Array, y: Float32Array, start: number, isScaled: boolean): void {
      const step = param.acrossSpatial ? 0 : 1;
      for (let c = 0, at = start; c < channels; c++) {
        const factor = isScaled ? scaleOf(c) : 1;
        for (let i = 0, g = 0; i < places; i++, at++, g += step) {
          sums[g]! += factor * x[at]! * y[at]!;
        }
      }
    }

    return {
      blobs: [scales],
      reshape([bottom], [top]) {
        const found = channelsOf(context, bottom!);
        if (found !== channels) {
          context.fail(`the bottom now has ${found} channels; it was set up for ${channels}`);
        }
        places = count(bottom!.shape, 2);
        inverse = new Float64Array(bottom!.shape[0]! * groups());
        sums = new Float64Array(groups());
        if (bottom === top) kept.reshapeLike(bottom!);
        else top!.reshapeLike(bottom!);
      },
      forward([bottom], [top]) {
        if (bottom === top) kept.data.set(bottom!.data);
        const [x, y] = [bottom!.data, top!.data];
        const step = param.acrossSpatial ? 0 : 1;
        for (let n = 0, at = 0; n < bottom!.shape[0]!; n++) {
          sums.fill(param.eps);
          sumProducts(x, x, at, false);
          const first = n * sums.length;
          for (let g = 0; g < sums.length; g++) inverse[first + g] = 1 / Math.sqrt(sums[g]!);
          for (let c = 0; c < channels; c++) {
            const scale = scaleOf(c);
            for (let i = 0, g = first; i < places; i++, at++, g += step) {
              y[at] = scale * (x[at]! * inverse[g]!);
            }
          }
        }
      },
      backward([top], propagateDown, [bottom]) {
        const x = (bottom === top ? kept : bottom!).data;
        const dy = top!.diff;
        const step = param.acrossSpatial ? 0 : 1;
        for (let n = 0, start = 0; n < bottom!.shape[0]!; n++, start += channels * places) {
          const first = n * sums.length;
          if (this.paramPropagateDown?.[0]) {
            for (let c = 0, at = start; c < channels; c++) {
              let sum = 0;
              for (let i = 0, g = first; i < places; i++, at++, g += step) {
                sum += dy[at]! * x[at]! * inverse[g]!;
              }
              scales.diff[param.channelShared ? 0 : c]! += sum;
            }
          }
          if (!propagateDown[0]) continue;
          const dx = bottom!.diff;
          sums.fill(0);
          sumProducts(x, dy, start, true);
          for (let g = 0; g < sums.length; g++) sums[g]! *= inverse[first + g]! ** 2;
          for (let c = 0, at = start; c < channels; c++) {
            const scale = scaleOf(c);
            for (let i = 0, g = 0; i < places; i++, at++, g += step) {
              dx[at] = (scale * dy[at]! - x[at]! * sums[g]!) * inverse[first + g]!;
            }
          }
        }
      },
      dispose: () => kept.dispose(),
    };
  },
};

function channelsOf({ fail }: LayerContext, { shape }: Blob): number {
  return (
    shape[1] ?? fail(`Number of axes of bottom blob must be >=2. It is ${shape.length}.`, "bottom")
  );
}
