/** @file Interp: bilinear interpolation to another size. */
import type { Blob } from "../core/blob.ts";
import { type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { shapeString } from "../core/shape.ts";
import type { InterpParameter } from "../schema/index.ts";
import { type Bilinear, bilinear, interpolate, interpolateGradient } from "./support/bilinear.ts";
import { refuseInPlace } from "./support/in-place.ts";

/**
 * Interpolates each channel to another size; corners stay corners.
 *
 *     y[i, j] = x at (i (H - 1) / (H' - 1), j (W - 1) / (W' - 1)), between its four neighbours
 *
 * The size is given by `height` and `width`; or by `zoom_factor` z, H' = (H - 1) z + 1; or by
 * `shrink_factor` s, H' = (H - 1) / s + 1, rounded down; or by s and then z; or as that of a second
 * bottom. `pad_beg` and `pad_end`, which are 0 or less, cut rows and columns off before. The gradient
 * is the transpose. From DeepLab (gpapan InterpLayer); s together with z is PSPNet's, the second
 * bottom that of several later ones.
 *
 * - Bottoms: x (N, C, H, W); where the size comes from it, a blob (.., .., H', W'), without gradient.
 * - Top: y (N, C, H', W').
 */
export const interp: LayerDefinition = {
  type: "Interp",
  bottoms: { min: 1, max: 2 },
  tops: exactly(1),
  setUp(context) {
    refuseInPlace(context);
    const { padBeg = 0, padEnd = 0 } = checkParam(context);
    const { engine } = context;
    let grid: Bilinear;
    let planes = 0;
    return {
      blobs: [],
      reshape(bottoms, [top]) {
        const { shape } = bottoms[0]!;
        if (shape.length !== 4) {
          context.fail(`the bottom must be (N, C, H, W), not ${shapeString(shape)}`, "bottom");
        }
        const [num, channels, height, width] = shape as [number, number, number, number];
        const cut = {
          start: -padBeg,
          height: height + padBeg + padEnd,
          width: width + padBeg + padEnd,
        };
        if (cut.height < 1 || cut.width < 1) {
          context.fail("height and width should be positive after padding", "interpParam");
        }
        const [outHeight, outWidth] = outSize(context, bottoms, [cut.height, cut.width]);
        planes = num * channels;
        grid = {
          planes,
          sourceArea: height * width,
          rows: bilinear(cut.height, outHeight, cut.start, width),
          columns: bilinear(cut.width, outWidth, cut.start, 1),
        };
        top!.reshape(num, channels, outHeight, outWidth);
      },
      forward: ([bottom], [top]) => interpolate(grid, bottom!.data, top!.data),
      backward([top], propagateDown, bottoms) {
        if (propagateDown[1]) bottoms[1]!.diff.fill(0);
        if (!propagateDown[0]) return;
        engine.fill(bottoms[0]!.count, 0, bottoms[0]!.diffPointer);
        interpolateGradient(grid, top!.diff, bottoms[0]!.diff);
      },
    };
  },
};

/** Checks that the size is given once, and that padding only cuts. */
function checkParam({ param, bottoms, fail }: LayerContext): Partial<InterpParameter> {
  const given = param.interpParam ?? {};
  const { height, width, zoomFactor, shrinkFactor, padBeg = 0, padEnd = 0 } = given;
  const byFactor = zoomFactor !== undefined || shrinkFactor !== undefined;
  const bySize = height !== undefined && width !== undefined;
  const ways = Number(byFactor) + Number(bySize) + Number(bottoms.length === 2);
  if (ways !== 1) {
    fail(
      "Output dimension specified either by zoom factor or shrink factor or explicitly: give " +
        "zoom_factor, shrink_factor, height and width, or a second bottom",
      "interpParam",
    );
  }
  const check = (field: keyof InterpParameter, sentence: string): void => {
    const value = given[field];
    if (value !== undefined && value < 1)
      fail(`${sentence}. It is ${value}`, `interpParam.${field}`);
  };
  check("zoomFactor", "Zoom factor must be positive");
  check("shrinkFactor", "Shrink factor must be positive");
  if (bySize) {
    check("height", "height should be positive");
    check("width", "width should be positive");
  }
  if (padBeg > 0 || padEnd > 0) {
    fail(
      "Only supports non-pos padding (cropping) for now",
      padBeg > 0 ? "interpParam.padBeg" : "interpParam.padEnd",
    );
  }
  return given;
}

function outSize(
  { param, fail }: LayerContext,
  bottoms: readonly Blob[],
  size: readonly [number, number],
): readonly [number, number] {
  if (bottoms.length === 2) {
    const { shape } = bottoms[1]!;
    if (shape.length === 4) return [shape[2]!, shape[3]!];
    return fail(`the second bottom must have four axes, not ${shapeString(shape)}`, "bottom");
  }
  const { height, width, zoomFactor, shrinkFactor } = param.interpParam ?? {};
  const scaled = (from: number): number => {
    const shrunk = shrinkFactor === undefined ? from : Math.floor((from - 1) / shrinkFactor) + 1;
    return (shrunk - 1) * (zoomFactor ?? 1) + 1;
  };
  if (height === undefined || width === undefined) return [scaled(size[0]), scaled(size[1])];
  return [height, width];
}
