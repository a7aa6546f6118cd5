/** @file PReLU: a rectifier that learns its slopes. */
import type { Blob } from "../core/blob.ts";
import { fill } from "../core/filler.ts";
import { type Layer, type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { count } from "../core/shape.ts";
import { withDefaults } from "../schema/index.ts";

/**
 * Keeps what is positive; scales what is negative by the channel's slope.
 *
 *     y = max(x, 0) + a[c] min(x, 0)
 *     dx = dy where x > 0, else a[c] dy,   da[c] = sum of dy x where x <= 0
 *
 * - Bottom: x (N, C, ...). Top: y, of the same shape; may be x.
 * - Blobs: a (C), or a scalar with `channel_shared`; 0.25 at first where no filler is given.
 */
export const prelu: LayerDefinition = {
  type: "PReLU",
  bottoms: exactly(1),
  tops: exactly(1),
  setUp(context): Layer {
    const { channelShared, filler } = withDefaults("PReLUParameter", context.param.preluParam);
    const channels = channelsOf(context, context.bottoms[0]!);
    const slopes = context.createBlob(channelShared ? [] : [channels]);
    fill(slopes, filler ?? { type: "constant", value: 0.25 }, context.random);
    // The gradient of the slopes needs x, which a top in its place overwrites.
    const kept = context.createBlob([0]);
    const slopeOf = (c: number) => (channelShared ? 0 : c);
    return {
      blobs: [slopes],
      reshape([bottom], [top]) {
        const found = channelsOf(context, bottom!);
        if (found !== channels) {
          context.fail(`the bottom now has ${found} channels; it was set up for ${channels}`);
        }
        if (bottom === top) kept.reshapeLike(bottom!);
        else top!.reshapeLike(bottom!);
      },
      forward([bottom], [top]) {
        if (bottom === top) kept.data.set(bottom!.data);
        const x = bottom!.data;
        const y = top!.data;
        const inner = count(bottom!.shape, 2);
        for (let at = 0, c = 0; at < x.length; at += inner, c = (c + 1) % channels) {
          const slope = slopes.data[slopeOf(c)]!;
          for (let i = at; i < at + inner; i++) y[i] = x[i]! > 0 ? x[i]! : slope * x[i]!;
        }
      },
      backward([top], propagateDown, [bottom]) {
        const x = (bottom === top ? kept : bottom!).data;
        const dy = top!.diff;
        const inner = count(bottom!.shape, 2);
        if (this.paramPropagateDown?.[0]) {
          for (let at = 0, c = 0; at < x.length; at += inner, c = (c + 1) % channels) {
            let sum = 0;
            for (let i = at; i < at + inner; i++) if (x[i]! <= 0) sum += dy[i]! * x[i]!;
            slopes.diff[slopeOf(c)]! += sum;
          }
        }
        if (!propagateDown[0]) return;
        const dx = bottom!.diff;
        for (let at = 0, c = 0; at < x.length; at += inner, c = (c + 1) % channels) {
          const slope = slopes.data[slopeOf(c)]!;
          for (let i = at; i < at + inner; i++) dx[i] = x[i]! > 0 ? dy[i]! : slope * dy[i]!;
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
