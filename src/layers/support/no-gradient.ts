/** @file Layers without a backward pass. */
import type { Layer, LayerContext } from "../../core/layer.ts";

/** A backward pass that accepts nobody's wish for a gradient; only `force_backward` asks for one. */
export function noGradient({ param, fail }: LayerContext): NonNullable<Layer["backward"]> {
  return (_tops, propagateDown) => {
    if (!propagateDown.includes(true)) return;
    fail(
      `Not Implemented Yet: ${param.type} has no gradient, and its bottom needs one ` +
        "(force_backward or propagate_down asks for it)",
      "bottom",
    );
  };
}
