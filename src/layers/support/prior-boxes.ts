/** @file Prior boxes: what a prior_box_param says, and the boxes that follow. */
import type { LayerContext } from "../../core/layer.ts";
import { type PriorBoxParameter, type Resolved, withDefaults } from "../../schema/index.ts";

interface Size {
  readonly height: number;
  readonly width: number;
}

export interface PriorSetting {
  readonly minSizes: readonly number[];
  readonly maxSizes: readonly number[];
  /** Width by height, 1 first. */
  readonly ratios: readonly number[];
  /** Boxes a place. */
  readonly count: number;
  /** One, or one for each coordinate. */
  readonly variances: readonly number[];
  readonly clips: boolean;
  readonly offset: number;
  /** Absent: the image's size, and image by feature map. */
  readonly image: Size | undefined;
  readonly step: Size | undefined;
}

/** Where boxes stand: so many places of the feature map, `step` pixels apart, in an image. */
export interface PriorGrid extends Size {
  readonly image: Size;
  readonly step: Size;
}

type Param = Resolved<"PriorBoxParameter">;

const { fround, sqrt } = Math;
/** Ratios closer than this are one. */
const SAME_RATIO = 1e-6;

/** Reads and checks a prior_box_param (weiliu89 PriorBoxLayer::LayerSetUp). */
export function priorSetting(context: LayerContext): PriorSetting {
  const param = withDefaults("PriorBoxParameter", context.param.priorBoxParam);
  const { minSize, maxSize, clip, offset } = param;
  checkSizes(context, param);
  const ratios = ratiosOf(param);
  return {
    minSizes: minSize.map(Math.trunc),
    maxSizes: maxSize.map(Math.trunc),
    ratios,
    count: ratios.length * minSize.length + maxSize.length,
    variances: variancesOf(context, param),
    clips: clip,
    offset,
    image: sizeOf(context, param, "img_size", "imgSize", "imgH", "imgW"),
    step: sizeOf(context, param, "step", "step", "stepH", "stepW"),
  };
}

function checkSizes({ fail }: LayerContext, { minSize, maxSize }: PriorBoxParameter): void {
  if (minSize.length === 0) fail("must provide min_size.", "priorBoxParam");
  for (const size of minSize) {
    if (!(size > 0)) fail(`min_size must be positive. It is ${size}`, "priorBoxParam.minSize");
  }
  if (maxSize.length === 0) return;
  if (maxSize.length !== minSize.length) {
    fail(
      `there must be one max_size for each min_size, or none: ${minSize.length}, not ${maxSize.length}`,
      "priorBoxParam.maxSize",
    );
  }
  maxSize.forEach((size, i) => {
    if (size > minSize[i]!) return;
    fail(
      `max_size must be greater than min_size. They are ${size} and ${minSize[i]}`,
      "priorBoxParam.maxSize",
    );
  });
}

function ratiosOf({ aspectRatio, flip }: Param): number[] {
  const ratios = [1];
  for (const ratio of aspectRatio) {
    if (ratios.some((known) => Math.abs(ratio - known) < SAME_RATIO)) continue;
    ratios.push(ratio);
    if (flip) ratios.push(fround(1 / ratio));
  }
  return ratios;
}

function variancesOf({ fail }: LayerContext, { variance }: Param): readonly number[] {
  if (variance.length === 0) return [fround(0.1)];
  if (variance.length !== 1 && variance.length !== 4) {
    fail(`give 1 or 4 values of variance, not ${variance.length}`, "priorBoxParam.variance");
  }
  for (const value of variance) {
    if (!(value > 0)) fail(`variance must be positive. It is ${value}`, "priorBoxParam.variance");
  }
  return variance;
}

/** A size that is given for both axes, or for each of them. */
function sizeOf(
  { fail }: LayerContext,
  param: Param,
  name: "img_size" | "step",
  both: "imgSize" | "step",
  h: "imgH" | "stepH",
  w: "imgW" | "stepW",
): Size | undefined {
  const field = `priorBoxParam.${param[h] === undefined ? w : h}`;
  const stem = name === "step" ? "step" : "img";
  if (param[h] !== undefined || param[w] !== undefined) {
    if (param[both] !== undefined) {
      fail(`Either ${name} or ${stem}_h/${stem}_w should be specified; not both.`, field);
    }
    const [height, width] = [param[h] ?? 0, param[w] ?? 0];
    if (!(height > 0)) fail(`${stem}_h should be larger than 0.`, field);
    if (!(width > 0)) fail(`${stem}_w should be larger than 0.`, field);
    return { height, width };
  }
  const size = param[both];
  if (size === undefined) return undefined;
  if (!(size > 0)) fail(`${name} should be larger than 0.`, `priorBoxParam.${both}`);
  return { height: size, width: size };
}

export function priorGrid(setting: PriorSetting, map: Size, bottomImage: Size): PriorGrid {
  const image = setting.image ?? bottomImage;
  const step = setting.step ?? {
    height: fround(image.height / map.height),
    width: fround(image.width / map.width),
  };
  return { ...map, image, step };
}

/** The boxes, then their variances, with float32 where SSD has it. */
export function placePriors(setting: PriorSetting, grid: PriorGrid): Float32Array<ArrayBuffer> {
  const { offset, clips, variances } = setting;
  const { height, width, image, step } = grid;
  const sides = priorSides(setting);
  const length = height * width * setting.count * 4;
  const values = new Float32Array(2 * length);
  for (let h = 0, at = 0; h < height; h++) {
    const y = fround(fround(h + offset) * step.height);
    for (let w = 0; w < width; w++) {
      const x = fround(fround(w + offset) * step.width);
      for (const side of sides) {
        values[at++] = (x - side.width / 2) / image.width;
        values[at++] = (y - side.height / 2) / image.height;
        values[at++] = (x + side.width / 2) / image.width;
        values[at++] = (y + side.height / 2) / image.height;
      }
    }
  }
  if (clips) {
    for (let i = 0; i < length; i++) values[i] = Math.min(Math.max(values[i]!, 0), 1);
  }
  for (let i = 0; i < length; i++) values[length + i] = variances[i % variances.length]!;
  return values;
}

/** The sides of the boxes at one place, in pixels and in SSD's order. */
function priorSides({ minSizes, maxSizes, ratios }: PriorSetting): Size[] {
  return minSizes.flatMap((min, s) => {
    const max = maxSizes[s];
    const squares = max === undefined ? [min] : [min, fround(sqrt(min * max))];
    return [
      ...squares.map((side) => ({ height: side, width: side })),
      ...ratios.slice(1).map((ratio) => ({
        height: fround(min / sqrt(ratio)),
        width: fround(min * sqrt(ratio)),
      })),
    ];
  });
}
