/** @file PriorBox: boxes of several sizes and shapes around every place of a feature map. */
import { type LayerDefinition, exactly } from "../core/layer.ts";
import { legacySize } from "../core/shape.ts";
import { placePriors, priorGrid, priorSetting } from "./support/prior-boxes.ts";

/**
 * The boxes that a detector's offsets refer to, and how much an offset of 1 means.
 *
 *     middle of the boxes at (h, w): ((w + offset) step_w, (h + offset) step_h) pixels
 *     sides: m x m; sqrt(m M) x sqrt(m M); m sqrt(r) x m / sqrt(r) for each ratio r but 1
 *
 * for each min_size m and max_size M (cut to whole pixels, as SSD does). Coordinates are divided by the image's size and, with `clip`, cut at it. From
 * SSD (weiliu89 PriorBoxLayer).
 *
 * - Bottoms: the feature map (N, C, H, W); the image (N, C', H', W'). Only their shapes count; their
 *   gradients are 0.
 * - Top: (1, 2, H W P 4): xmin, ymin, xmax, ymax of P boxes a place; then a variance for each.
 */
export const priorBox: LayerDefinition = {
  type: "PriorBox",
  bottoms: exactly(2),
  tops: exactly(1),
  setUp(context) {
    const setting = priorSetting(context);
    let values = new Float32Array(0);
    return {
      blobs: [],
      reshape([map, image], [top]) {
        const grid = priorGrid(
          setting,
          { height: legacySize(map!.shape, 2), width: legacySize(map!.shape, 3) },
          { height: legacySize(image!.shape, 2), width: legacySize(image!.shape, 3) },
        );
        const length = grid.height * grid.width * setting.count * 4;
        if (length === 0) context.fail("the feature map has no places for boxes", "bottom");
        top!.reshape(1, 2, length);
        values = placePriors(setting, grid);
      },
      forward: (_bottoms, [top]) => top!.data.set(values),
      backward(_tops, propagateDown, bottoms) {
        for (let k = 0; k < bottoms.length; k++) if (propagateDown[k]) bottoms[k]!.diff.fill(0);
      },
    };
  },
};
