/** @file Reshape: other axes for the same values. */
import { type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { type Shape, count, shapeString } from "../core/shape.ts";
import { withDefaults } from "../schema/index.ts";
import { aliasLayer } from "./support/alias.ts";
import { refuseInPlace } from "./support/in-place.ts";

/**
 * Replaces the axes [axis, axis + num_axes) by `shape`; values stay where they are.
 *
 * In `shape`, 0 copies the bottom's size at the same place after `axis`, and one -1 stands for what
 * is left. A negative `axis` counts from behind the last axis, so that -1 appends.
 *
 * - Bottom: x. Top: y with as many values; shares the bottom's memory.
 */
export const reshape: LayerDefinition = {
  type: "Reshape",
  bottoms: exactly(1),
  tops: exactly(1),
  setUp(context) {
    refuseInPlace(context);
    const dims = context.param.reshapeParam?.shape?.dim ?? [];
    if (dims.filter((dim) => dim === -1).length > 1) {
      context.fail(
        "new shape contains multiple -1 dims; at most a single (1) value of -1 may be specified",
        "reshapeParam.shape",
      );
    }
    return aliasLayer((bottom, top) => top.reshape(...newShape(context, dims, bottom.shape)));
  },
};

function newShape(context: LayerContext, dims: readonly number[], old: Shape): number[] {
  const { fail } = context;
  const [start, end] = replacedAxes(context, old);
  const copied = dims.map((dim, i) => {
    if (dim !== 0) return dim;
    return (
      old[start + i] ??
      fail("new shape contains a 0, but there was no corresponding bottom axis to copy", SHAPE)
    );
  });
  const shape = [...old.slice(0, start), ...copied, ...old.slice(end)];
  const inferred = copied.indexOf(-1);
  if (inferred >= 0) {
    shape[start + inferred] = 1;
    const given = count(shape);
    if (count(old) % given !== 0 || given === 0) {
      fail(
        `bottom count (${count(old)}) must be divisible by the product of the specified ` +
          `dimensions (${given})`,
        SHAPE,
      );
    }
    shape[start + inferred] = count(old) / given;
  }
  if (count(shape) !== count(old)) {
    fail(
      `output count must match input count: ${shapeString(shape)} asked for, ` +
        `but the bottom is ${shapeString(old)}`,
      SHAPE,
    );
  }
  return shape;
}

const SHAPE = "reshapeParam.shape";

/** Where the replaced axes start, and the first one after them. */
function replacedAxes({ param, fail }: LayerContext, { length }: Shape): [number, number] {
  const { axis, numAxes } = withDefaults("ReshapeParameter", param.reshapeParam);
  const start = axis >= 0 ? axis : length + axis + 1;
  if (start < 0 || start > length) {
    fail(`axis ${axis} out of range for ${length}-D input blob`, "reshapeParam.axis");
  }
  if (numAxes < -1) fail("num_axes must be >= 0, or -1 for all", "reshapeParam.numAxes");
  const end = numAxes === -1 ? length : start + numAxes;
  if (end > length) {
    fail(
      `end_axis = axis + num_axes is out of range: ${end} for ${length}-D input blob`,
      "reshapeParam.numAxes",
    );
  }
  return [start, end];
}
