/** @file Tile: copies side by side along one axis. */
import { type LayerDefinition, exactly } from "../core/layer.ts";
import { count } from "../core/shape.ts";
import { withDefaults } from "../schema/index.ts";
import { axisOf } from "./support/axis.ts";

/**
 * Repeats its bottom `tiles` times along `axis`.
 *
 * - Bottom: x. Top: x's shape, `tiles` times as large along the axis. The gradients of the copies
 *   add up.
 */
export const tile: LayerDefinition = {
  type: "Tile",
  bottoms: exactly(1),
  tops: exactly(1),
  setUp(context) {
    const { axis, tiles } = withDefaults("TileParameter", context.param.tileParam);
    if (tiles === undefined) return context.fail("Number of tiles must be specified");
    if (tiles <= 0) {
      context.fail(`Number of tiles must be positive. It is ${tiles}.`, "tileParam.tiles");
    }
    const { engine } = context;
    let rows = 0;
    let width = 0;
    return {
      blobs: [],
      reshape([bottom], [top]) {
        const { shape } = bottom!;
        const along = axisOf(context, shape, axis, "tileParam.axis");
        rows = count(shape, 0, along);
        width = count(shape, along);
        top!.reshape(...shape.with(along, shape[along]! * tiles));
      },
      forward([bottom], [top]) {
        let to = top!.dataPointer;
        for (let row = 0; row < rows; row++) {
          const from = bottom!.dataPointer + 4 * row * width;
          for (let t = 0; t < tiles; t++, to += 4 * width) engine.copy(width, from, to);
        }
      },
      backward([top], propagateDown, [bottom]) {
        if (!propagateDown[0]) return;
        let from = top!.diffPointer;
        for (let row = 0; row < rows; row++) {
          const to = bottom!.diffPointer + 4 * row * width;
          engine.copy(width, from, to);
          from += 4 * width;
          for (let t = 1; t < tiles; t++, from += 4 * width) engine.add(width, from, to, to);
        }
      },
    };
  },
};
