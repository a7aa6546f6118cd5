/** @file Pooling: the maximum or the average of each channel over a sliding window. */
import type { PoolingWindow } from "../core/engine.ts";
import { type Layer, type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { withDefaults } from "../schema/index.ts";
import { type PoolingSetting, poolingSetting, poolingWindow } from "./support/pooling-window.ts";

/**
 * Pools each channel over a sliding window.
 *
 *     MAX:  y[n, c, i, j] = max of x[n, c, h, w] over (h, w) in window (i, j)
 *     AVE:  y[n, c, i, j] = sum of x[n, c, h, w] over the window / area of the window
 *
 * A window is cut at the image for the maximum and the sum; its area counts the padding. A window
 * without a value, as rounding up may give, has the maximum -FLT_MAX; its average is 0, or NaN where
 * it starts right behind the image and has no area (BVLC divides 0 by 0).
 *
 * - Bottom: x (N, C, H, W).
 * - Tops: y (N, C, H', W'); for MAX also the mask (N, C, H', W'): where each maximum was, as h W + w.
 * - H' = ceil((H + 2 padH - kernelH) / strideH) + 1, less one where there is padding and the last
 *   window would start behind the image; `round_mode: FLOOR` rounds down, and so does other forks'
 *   `ceil_mode: false`. W' likewise.
 */
export const pooling: LayerDefinition = {
  type: "Pooling",
  bottoms: exactly(1),
  tops: { min: 1, max: 2 },
  setUp(context) {
    const { pool } = withDefaults("PoolingParameter", context.param.poolingParam);
    const setting = poolingSetting(context);
    if (pool === "STOCHASTIC") {
      if (setting.padH > 0 || setting.padW > 0) {
        context.fail("Padding implemented only for average and max pooling.", "poolingParam.pad");
      }
      context.fail("Not Implemented Yet: pool is MAX or AVE, not STOCHASTIC", "poolingParam.pool");
    }
    if (pool === "MAX") return maxPooling(context, setting);
    if (context.tops.length > 1) {
      context.fail(
        "Pooling Layer produces at most 1 top blob(s) as output. Only MAX has a second one, the mask",
        "poolingParam.pool",
      );
    }
    return averagePooling(context, setting);
  },
};

function maxPooling(context: LayerContext, setting: PoolingSetting): Layer {
  const { engine } = context;
  // Indices into planes as int32, in a blob's memory; -1 where a window is empty.
  const mask = context.createBlob([0]);
  let window: PoolingWindow;
  // Seen only where a top wants it: a device keeps its own, and this one takes no memory then.
  let indices: Int32Array | undefined;
  return {
    blobs: [],
    reshape([bottom], tops) {
      window = poolingWindow(context, setting, bottom!.shape);
      const [num, channels] = bottom!.shape;
      const shape = [num!, channels!, window.pooledHeight, window.pooledWidth];
      for (const top of tops) top.reshape(...shape);
      mask.reshape(...shape);
      indices = undefined;
    },
    forward([bottom], tops) {
      engine.maxPool(window, bottom!.dataPointer, tops[0]!.dataPointer, mask.dataPointer);
      if (tops.length === 1) return;
      indices ??= engine.heap.ints(mask.dataPointer, mask.count);
      tops[1]!.data.set(indices);
    },
    backward([top], propagateDown, [bottom]) {
      if (!propagateDown[0]) return;
      engine.maxPoolGradient(window, top!.diffPointer, mask.dataPointer, bottom!.diffPointer);
    },
    dispose: () => mask.dispose(),
  };
}

function averagePooling(context: LayerContext, setting: PoolingSetting): Layer {
  const { engine } = context;
  let window: PoolingWindow;
  return {
    blobs: [],
    reshape([bottom], [top]) {
      window = poolingWindow(context, setting, bottom!.shape);
      const [num, channels] = bottom!.shape;
      top!.reshape(num!, channels!, window.pooledHeight, window.pooledWidth);
    },
    forward([bottom], [top]) {
      engine.averagePool(window, bottom!.dataPointer, top!.dataPointer);
    },
    backward([top], propagateDown, [bottom]) {
      if (!propagateDown[0]) return;
      engine.averagePoolGradient(window, top!.diffPointer, bottom!.diffPointer);
    },
  };
}
