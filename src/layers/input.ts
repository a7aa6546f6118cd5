/** @file Input: blobs that the caller fills. */
import { type LayerDefinition, atLeast, exactly } from "../core/layer.ts";

/**
 * Declares blobs and their shapes; the caller writes their values.
 *
 * - Tops: any number, each of the `shape` with its index, or all of the one `shape` given.
 *
 * A caller who reshapes a top keeps that shape: it is set here only once.
 */
export const input: LayerDefinition = {
  type: "Input",
  bottoms: exactly(0),
  tops: atLeast(1),
  setUp({ param, tops, fail }) {
    const shapes = param.inputParam?.shape ?? [];
    if (shapes.length > 1 && shapes.length !== tops.length) {
      fail(
        "Must specify 'shape' once, once per top blob, or not at all: " +
          `${tops.length} tops vs. ${shapes.length} shapes.`,
        "inputParam.shape",
      );
    }
    tops.forEach((top, i) => {
      const shape = shapes.length === 1 ? shapes[0] : shapes[i];
      if (shape) top.reshape(...shape.dim);
    });
    return { blobs: [], reshape() {}, forward() {} };
  },
};
