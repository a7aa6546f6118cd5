/** @file Silence: takes blobs that nobody else wants, so that they are no outputs of the net. */
import { type LayerDefinition, atLeast, exactly } from "../core/layer.ts";

/**
 * Does nothing with its bottoms; their gradient is 0.
 *
 * - Bottoms: any. Tops: none.
 */
export const silence: LayerDefinition = {
  type: "Silence",
  bottoms: atLeast(1),
  tops: exactly(0),
  setUp: ({ engine }) => ({
    blobs: [],
    reshape() {},
    forward() {},
    backward(_, propagateDown, bottoms) {
      for (let i = 0; i < bottoms.length; i++) {
        if (propagateDown[i]) engine.fill(bottoms[i]!.count, 0, bottoms[i]!.diffPointer);
      }
    },
  }),
};
