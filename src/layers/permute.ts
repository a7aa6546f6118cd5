/** @file Permute: the axes in another order. */
import { type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { aliasLayer } from "./support/alias.ts";
import { refuseInPlace } from "./support/in-place.ts";
import { type Transposition, transpose, transposition } from "./support/transpose.ts";

/**
 * Brings the axes into the order that `order` gives; axes that it leaves out follow in theirs.
 *
 *     y[i_order[0], i_order[1], ...] = x[i_0, i_1, ...]        dx likewise from dy
 *
 * `order: 0 order: 2 order: 3 order: 1` takes (N, C, H, W) to (N, H, W, C). From SSD (weiliu89
 * PermuteLayer).
 *
 * - Bottom: x. Top: y, with x's sizes in the new order. It shares x's memory where nothing moves.
 */
export const permute: LayerDefinition = {
  type: "Permute",
  bottoms: exactly(1),
  tops: exactly(1),
  setUp(context) {
    refuseInPlace(context);
    const { length } = context.bottoms[0]!.shape;
    const order = completeOrder(context, length);
    if (order.every((axis, i) => axis === i)) {
      return aliasLayer((bottom, top) => top.reshapeLike(bottom));
    }
    let forward: Transposition;
    let backward: Transposition;
    return {
      blobs: [],
      reshape([bottom], [top]) {
        const { shape } = bottom!;
        if (shape.length !== length) {
          context.fail(`the bottom had ${length} axes and now has ${shape.length}`, "bottom");
        }
        const permuted = order.map((axis) => shape[axis]!);
        top!.reshape(...permuted);
        forward = transposition(shape, order);
        backward = transposition(permuted, inverse(order));
      },
      forward: ([bottom], [top]) => transpose(forward, bottom!.data, top!.data),
      backward([top], propagateDown, [bottom]) {
        if (propagateDown[0]) transpose(backward, top!.diff, bottom!.diff);
      },
    };
  },
};

function completeOrder({ param, fail }: LayerContext, length: number): number[] {
  const order: number[] = [];
  for (const axis of param.permuteParam?.order ?? []) {
    if (axis >= length) {
      fail(
        `order should be less than the input dimension. It is ${axis}; the bottom has ${length} axes`,
        "permuteParam.order",
      );
    }
    if (order.includes(axis)) {
      fail(`there are duplicate orders: ${axis} is given twice`, "permuteParam.order");
    }
    order.push(axis);
  }
  for (let axis = 0; axis < length; axis++) if (!order.includes(axis)) order.push(axis);
  return order;
}

function inverse(order: readonly number[]): number[] {
  return order.map((_, axis) => order.indexOf(axis));
}
