/** @file ShuffleChannel: the channels of all groups in turn. */
import type { Pointer } from "../core/heap.ts";
import { type LayerDefinition, exactly } from "../core/layer.ts";
import { count } from "../core/shape.ts";
import { withDefaults } from "../schema/index.ts";
import { refuseInPlace } from "./support/in-place.ts";

/**
 * Deals the channels of `group` groups out in turn, so that the next grouped convolution sees some of
 * each.
 *
 *     y[n, k G + g, i] = x[n, g K + k, i]        G: group, K = C / G
 *
 * From ShuffleNet's ports to Caffe (camel007, farmingyard).
 *
 * - Bottom: x (N, C, ...). Top: y, of the same shape.
 */
export const shuffleChannel: LayerDefinition = {
  type: "ShuffleChannel",
  bottoms: exactly(1),
  tops: exactly(1),
  setUp(context) {
    refuseInPlace(context);
    const { engine, fail } = context;
    const { group } = withDefaults("ShuffleChannelParameter", context.param.shuffleChannelParam);
    if (group < 1) fail("group must be greater than 0", "shuffleChannelParam.group");
    let items = 0;
    let channels = 0;
    let bytes = 0;
    /** Copies a matrix of channels (rows x columns) of each item as its transpose. */
    function transposeChannels(rows: number, from: Pointer, to: Pointer): void {
      const columns = channels / rows;
      for (let n = 0; n < items; n++) {
        for (let c = 0; c < channels; c++) {
          const target = n * channels + (c % columns) * rows + Math.floor(c / columns);
          engine.copy(bytes / 4, from + (n * channels + c) * bytes, to + target * bytes);
        }
      }
    }
    return {
      blobs: [],
      reshape([bottom], [top]) {
        const { shape } = bottom!;
        if (shape.length < 2) fail("the bottom needs at least two axes (N, C, ...)", "bottom");
        [items, channels] = [shape[0]!, shape[1]!];
        if (channels % group !== 0) {
          fail(
            `Wrong group size. ${channels} channels are no multiple of ${group}`,
            "shuffleChannelParam.group",
          );
        }
        bytes = 4 * count(shape, 2);
        top!.reshapeLike(bottom!);
      },
      forward: ([bottom], [top]) => transposeChannels(group, bottom!.dataPointer, top!.dataPointer),
      backward([top], propagateDown, [bottom]) {
        if (!propagateDown[0]) return;
        transposeChannels(channels / group, top!.diffPointer, bottom!.diffPointer);
      },
    };
  },
};
