/** @file SPP: spatial pyramid pooling, as many numbers from an image of any size. */
import type { Blob } from "../core/blob.ts";
import type { PoolingWindow } from "../core/engine.ts";
import type { Pointer } from "../core/heap.ts";
import { type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { type Shape, count } from "../core/shape.ts";
import { withDefaults } from "../schema/index.ts";
import { poolingWindow } from "./support/pooling-window.ts";
import { copyStrip } from "./support/strips.ts";

/** One level of the pyramid: its windows, and what they make of the bottom. */
interface Level {
  window: PoolingWindow;
  readonly pooled: Blob;
  /** For MAX: where each maximum was. */
  readonly mask: Blob;
}

/**
 * Pools over grids of 1 x 1, 2 x 2, 4 x 4, ... bins, `pyramid_height` of them, and concatenates.
 *
 * Level l has 2^l bins along each axis, with kernel = stride = ceil(size / bins) and
 * pad = (kernel * bins - size + 1) / 2, cut to an integer (BVLC SPPLayer::GetPoolingParam).
 *
 * - Bottom: x (N, C, H, W). Top: y (N, C * (1 + 4 + 16 + ...)); with a single level (N, C, 1, 1).
 */
export const spp: LayerDefinition = {
  type: "SPP",
  bottoms: exactly(1),
  tops: exactly(1),
  setUp(context) {
    const { engine, fail, createBlob } = context;
    const { pyramidHeight = 0, pool } = withDefaults("SPPParameter", context.param.sppParam);
    if (pyramidHeight < 1) fail("pyramid_height must be at least 1", "sppParam");
    if (pool === "STOCHASTIC") fail("Not Implemented Yet: pool is MAX or AVE", "sppParam.pool");
    const { shape } = context.bottoms[0]!;
    const levels: readonly Level[] = Array.from({ length: pyramidHeight }, (_, level) => ({
      window: levelWindow(context, shape, level),
      pooled: createBlob([0]),
      mask: createBlob([0]),
    }));
    /** The gradient by one level, before it is added to that of the others. */
    const part = createBlob([0]);

    function poolGradient({ window, pooled, mask }: Level, dx: Pointer): void {
      if (pool === "AVE") engine.averagePoolGradient(window, pooled.diffPointer, dx);
      else engine.maxPoolGradient(window, pooled.diffPointer, mask.dataPointer, dx);
    }

    return {
      blobs: [],
      reshape([bottom], [top]) {
        const { shape } = bottom!;
        levels.forEach((level, index) => {
          const window = levelWindow(context, shape, index);
          level.window = window;
          for (const blob of [level.pooled, level.mask]) {
            blob.reshape(shape[0]!, shape[1]!, window.pooledHeight, window.pooledWidth);
          }
        });
        part.reshape(...shape);
        const widths = levels.map(({ pooled }) => count(pooled.shape, 1));
        if (levels.length === 1) top!.reshapeLike(levels[0]!.pooled);
        else
          top!.reshape(
            shape[0]!,
            widths.reduce((sum, width) => sum + width, 0),
          );
      },
      forward([bottom], [top]) {
        const [items, x] = [bottom!.shape[0]!, bottom!.dataPointer];
        let y = top!.dataPointer;
        for (const { window, pooled, mask } of levels) {
          if (pool === "AVE") engine.averagePool(window, x, pooled.dataPointer);
          else engine.maxPool(window, x, pooled.dataPointer, mask.dataPointer);
          const width = pooled.count / items;
          copyStrip(engine, items, width, pooled.dataPointer, width, y, top!.count / items);
          y += 4 * width;
        }
      },
      backward([top], propagateDown, [bottom]) {
        if (!propagateDown[0]) return;
        const [items, dx] = [bottom!.shape[0]!, bottom!.diffPointer];
        engine.fill(bottom!.count, 0, dx);
        let dy = top!.diffPointer;
        for (const level of levels) {
          const width = level.pooled.count / items;
          copyStrip(engine, items, width, dy, top!.count / items, level.pooled.diffPointer, width);
          dy += 4 * width;
          poolGradient(level, part.diffPointer);
          engine.add(bottom!.count, dx, part.diffPointer, dx);
        }
      },
      dispose() {
        part.dispose();
        for (const { pooled, mask } of levels) {
          pooled.dispose();
          mask.dispose();
        }
      },
    };
  },
};

function levelWindow(context: LayerContext, shape: Shape, level: number): PoolingWindow {
  const bins = 2 ** level;
  const along = (size: number) => {
    if (size === 0) context.fail("Input dimensions cannot be zero.", "bottom");
    const kernel = Math.ceil(size / bins);
    const pad = Math.floor((kernel * bins - size + 1) / 2);
    if (pad >= kernel) {
      context.fail(
        `level ${level} of the pyramid has ${bins} bins along an axis, too many for a size of ` +
          `${size}`,
        "sppParam.pyramidHeight",
      );
    }
    return [kernel, pad] as const;
  };
  const [kernelH, padH] = along(shape[2] ?? 1);
  const [kernelW, padW] = along(shape[3] ?? 1);
  const setting = { isGlobal: false, roundsUp: true, kernelH, kernelW, padH, padW };
  return poolingWindow(context, { ...setting, strideH: kernelH, strideW: kernelW }, shape);
}
