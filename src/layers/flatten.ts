/** @file Flatten: several axes become one. */
import { type LayerDefinition, exactly } from "../core/layer.ts";
import { count } from "../core/shape.ts";
import { withDefaults } from "../schema/index.ts";
import { aliasLayer } from "./support/alias.ts";
import { axisOf } from "./support/axis.ts";
import { refuseInPlace } from "./support/in-place.ts";

/**
 * Joins the axes from `axis` to `end_axis`, both included, into one; values stay where they are.
 *
 * - Bottom: x, such as (N, C, H, W). Top: y, such as (N, C * H * W); shares the bottom's memory.
 */
export const flatten: LayerDefinition = {
  type: "Flatten",
  bottoms: exactly(1),
  tops: exactly(1),
  setUp(context) {
    refuseInPlace(context);
    const { axis, endAxis } = withDefaults("FlattenParameter", context.param.flattenParam);
    return aliasLayer(({ shape }, top) => {
      const start = axisOf(context, shape, axis, "flattenParam.axis");
      const end = axisOf(context, shape, endAxis, "flattenParam.endAxis");
      if (end < start) {
        context.fail(
          `end_axis (${endAxis}) comes before axis (${axis}) in ${shape.length} axes`,
          "flattenParam.endAxis",
        );
      }
      top.reshape(...shape.slice(0, start), count(shape, start, end + 1), ...shape.slice(end + 1));
    });
  },
};
