/** @file Slice: a blob cut along one axis. */
import type { Blob } from "../core/blob.ts";
import { type LayerContext, type LayerDefinition, atLeast, exactly } from "../core/layer.ts";
import { count, shapeString } from "../core/shape.ts";
import { aliasLayer } from "./support/alias.ts";
import { legacyAxis } from "./support/axis.ts";
import { copyStrip } from "./support/strips.ts";

/**
 * Cuts its bottom along `axis`, at the `slice_point`s or into equal parts.
 *
 * - Bottom: x. Tops: the parts in order, x's shape but for their size along `axis`. A single top
 *   shares the bottom's memory.
 */
export const slice: LayerDefinition = {
  type: "Slice",
  bottoms: exactly(1),
  tops: atLeast(1),
  setUp(context) {
    const axisIn = legacyAxis(context, "sliceParam", "sliceDim");
    if (context.tops.length === 1 && !context.param.sliceParam?.slicePoint.length) {
      return aliasLayer((bottom, top) => {
        axisIn(bottom);
        top.reshapeLike(bottom);
      });
    }
    const { engine } = context;
    let rows = 0;
    let widths: number[] = [];
    let width = 0;
    return {
      blobs: [],
      reshape([bottom], tops) {
        const { shape } = bottom!;
        const axis = axisIn(bottom!);
        const inner = count(shape, axis + 1);
        const sizes = partSizes(context, bottom!, axis);
        tops.forEach((top, i) => {
          top.reshape(...shape.slice(0, axis), sizes[i]!, ...shape.slice(axis + 1));
        });
        rows = count(shape, 0, axis);
        widths = sizes.map((size) => size * inner);
        width = count(shape, axis);
      },
      forward([bottom], tops) {
        let from = bottom!.dataPointer;
        for (let i = 0; i < tops.length; i++) {
          const part = widths[i]!;
          copyStrip(engine, rows, part, from, width, tops[i]!.dataPointer, part);
          from += 4 * part;
        }
      },
      backward(tops, propagateDown, [bottom]) {
        if (!propagateDown[0]) return;
        let to = bottom!.diffPointer;
        for (let i = 0; i < tops.length; i++) {
          const part = widths[i]!;
          copyStrip(engine, rows, part, tops[i]!.diffPointer, part, to, width);
          to += 4 * part;
        }
      },
    };
  },
};

/** Size of each top along the axis. */
function partSizes(context: LayerContext, bottom: Blob, axis: number): number[] {
  const { param, tops, fail } = context;
  const points = param.sliceParam?.slicePoint ?? [];
  const size = bottom.shape[axis]!;
  const where = `slice axis: ${axis}, bottom[0] shape: ${shapeString(bottom.shape)}`;
  if (points.length === 0) {
    if (size % tops.length !== 0) {
      fail(
        `Number of top blobs (${tops.length}) should evenly divide input slice axis (${size}); ${where}`,
        "top",
      );
    }
    return tops.map(() => size / tops.length);
  }
  if (points.length !== tops.length - 1) {
    fail(
      `slice_point must be given once less often than there are tops: ${points.length} point(s) ` +
        `for ${tops.length} top(s)`,
      "sliceParam.slicePoint",
    );
  }
  if (tops.length > size) fail(`${where}; there are more tops (${tops.length}) than slices`, "top");
  const edges = [0, ...points, size];
  return tops.map((_, i) => {
    if (edges[i + 1]! <= edges[i]!) {
      fail(
        `slice_point must rise from above 0 to below the size of the axis (${size}), ` +
          `not be ${points.join(", ")}`,
        "sliceParam.slicePoint",
      );
    }
    return edges[i + 1]! - edges[i]!;
  });
}
