/** @file Concat: blobs side by side along one axis. */
import type { Blob } from "../core/blob.ts";
import { type LayerContext, type LayerDefinition, atLeast, exactly } from "../core/layer.ts";
import { count, shapeString } from "../core/shape.ts";
import { aliasLayer } from "./support/alias.ts";
import { legacyAxis } from "./support/axis.ts";
import { copyStrip } from "./support/strips.ts";

/**
 * Joins its bottoms along `axis`.
 *
 * - Bottoms: blobs of one shape but for their size along `axis`.
 * - Top: the same shape with the sum of those sizes. A single bottom shares its memory with the top.
 */
export const concat: LayerDefinition = {
  type: "Concat",
  bottoms: atLeast(1),
  tops: exactly(1),
  setUp(context) {
    const axisIn = legacyAxis(context, "concatParam", "concatDim");
    if (context.bottoms.length === 1) {
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
      reshape(bottoms, [top]) {
        const axis = axisIn(bottoms[0]!);
        const shape = [...bottoms[0]!.shape];
        for (const bottom of bottoms.slice(1)) {
          checkSizes(context, bottoms[0]!, bottom, axis);
          shape[axis]! += bottom.shape[axis]!;
        }
        top!.reshape(...shape);
        rows = count(shape, 0, axis);
        widths = bottoms.map((bottom) => count(bottom.shape, axis));
        width = count(shape, axis);
      },
      forward(bottoms, [top]) {
        let to = top!.dataPointer;
        for (let i = 0; i < bottoms.length; i++) {
          const part = widths[i]!;
          copyStrip(engine, rows, part, bottoms[i]!.dataPointer, part, to, width);
          to += 4 * part;
        }
      },
      backward([top], propagateDown, bottoms) {
        let from = top!.diffPointer;
        for (let i = 0; i < bottoms.length; i++) {
          const part = widths[i]!;
          if (propagateDown[i]) {
            copyStrip(engine, rows, part, from, width, bottoms[i]!.diffPointer, part);
          }
          from += 4 * part;
        }
      },
    };
  },
};

function checkSizes({ fail }: LayerContext, first: Blob, other: Blob, axis: number): void {
  const shapes = `${shapeString(first.shape)} and ${shapeString(other.shape)}`;
  if (first.shape.length !== other.shape.length) {
    fail(`All inputs must have the same #axes. Got ${shapes}.`, "bottom");
  }
  if (first.shape.some((size, i) => i !== axis && size !== other.shape[i])) {
    fail(
      `All inputs must have the same shape, except at concat_axis. It is ${axis}, of ${shapes}.`,
      "bottom",
    );
  }
}
