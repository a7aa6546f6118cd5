/** @file Split: one blob for several readers. */
import { type LayerDefinition, atLeast, exactly } from "../core/layer.ts";
import { refuseInPlace } from "./support/in-place.ts";

/**
 * Hands its bottom to several layers and adds up their gradients.
 *
 *     y_k = x
 *     dx = sum over k of dy_k
 *
 * - Bottom: x. Tops: y_k, of the same shape; share the bottom's values, each with a diff of its own.
 */
export const split: LayerDefinition = {
  type: "Split",
  bottoms: exactly(1),
  tops: atLeast(1),
  setUp(context) {
    refuseInPlace(context);
    const { engine } = context;
    return {
      blobs: [],
      reshape([bottom], tops) {
        for (const top of tops) {
          top.reshapeLike(bottom!);
          top.shareData(bottom!);
        }
      },
      forward([bottom], tops) {
        for (let i = 0; i < tops.length; i++) tops[i]!.shareData(bottom!);
      },
      backward(tops, propagateDown, [bottom]) {
        if (!propagateDown[0]) return;
        const n = bottom!.count;
        const dx = bottom!.diffPointer;
        if (tops.length === 1) engine.copy(n, tops[0]!.diffPointer, dx);
        else engine.add(n, tops[0]!.diffPointer, tops[1]!.diffPointer, dx);
        for (let i = 2; i < tops.length; i++) engine.add(n, dx, tops[i]!.diffPointer, dx);
      },
    };
  },
};
