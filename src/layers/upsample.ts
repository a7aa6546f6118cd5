/** @file Upsample: values put where pooling found them, or copied. */
import type { Blob } from "../core/blob.ts";
import { type Layer, type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { sameShape, shapeString } from "../core/shape.ts";
import { withDefaults } from "../schema/index.ts";
import { refuseInPlace } from "./support/in-place.ts";

/**
 * Two layers of one name, told apart by the number of bottoms.
 *
 * SegNet's (alexgkendall) undoes a max pooling: each value goes to the place that the pooling's mask
 * names, the rest is 0. Where two windows had the same maximum, the later value stays.
 *
 *     y[n, c, m[n, c, i]] = x[n, c, i]        dx[n, c, i] = dy[n, c, m[n, c, i]]
 *
 * H' is `upsample_h`; or `scale_h` H, or `scale` H (2 H where none is given), less 1 with
 * `pad_out_h`. W' likewise.
 *
 * - Bottoms: x (N, C, H, W); the mask m (N, C, H, W), the second top of a Pooling, without gradient.
 *   Top: y (N, C, H', W').
 *
 * YOLO's ports (eric612) copy each value `scale` times along the last two axes:
 *
 *     y[..., i, j] = x[..., floor(i / scale), floor(j / scale)]        dx is the sum of its copies' dy
 *
 * - Bottom: x (..., H, W). Top: y (..., scale H, scale W).
 */
export const upsample: LayerDefinition = {
  type: "Upsample",
  bottoms: { min: 1, max: 2 },
  tops: exactly(1),
  setUp(context) {
    refuseInPlace(context);
    return context.bottoms.length === 1 ? nearest(context) : unpooling(context);
  },
};

function nearest(context: LayerContext): Layer {
  const { fail } = context;
  const param = withDefaults("UpsampleParameter", context.param.upsampleParam);
  const scale = param.scale ?? 1;
  if (scale < 1) fail("scale must be at least 1", "upsampleParam.scale");
  const others = ["scaleH", "scaleW", "upsampleH", "upsampleW"] as const;
  const foreign = others.find((field) => param[field] !== undefined);
  if (foreign) {
    fail(
      "without a mask as second bottom the size is given by scale alone",
      `upsampleParam.${foreign}`,
    );
  }
  let width = 0;
  return {
    blobs: [],
    reshape([bottom], [top]) {
      const { shape } = bottom!;
      if (shape.length < 2) fail(`the bottom needs two axes, not ${shapeString(shape)}`, "bottom");
      const [h, w] = shape.slice(-2) as [number, number];
      width = w;
      top!.reshape(...shape.slice(0, -2), h * scale, w * scale);
    },
    forward: ([bottom], [top]) => repeat(bottom!.data, top!.data, width, scale),
    backward([top], propagateDown, [bottom]) {
      if (propagateDown[0]) sumCopies(top!.diff, bottom!.diff, width, scale);
    },
  };
}

function repeat(x: Float32Array, y: Float32Array, width: number, scale: number): void {
  const wide = width * scale;
  for (let from = 0, to = 0; from < x.length; from += width, to += wide * scale) {
    for (let j = 0, at = to; j < width; j++) {
      for (const end = at + scale; at < end; at++) y[at] = x[from + j]!;
    }
    for (let copy = 1; copy < scale; copy++) y.copyWithin(to + copy * wide, to, to + wide);
  }
}

function sumCopies(dy: Float32Array, dx: Float32Array, width: number, scale: number): void {
  const wide = width * scale;
  for (let to = 0, from = 0; to < dx.length; to += width, from += wide * scale) {
    for (let j = 0; j < width; j++) {
      let sum = 0;
      for (let copy = 0; copy < scale; copy++) {
        const at = from + copy * wide + j * scale;
        for (let k = at; k < at + scale; k++) sum += dy[k]!;
      }
      dx[to + j] = sum;
    }
  }
}

function unpooling(context: LayerContext): Layer {
  const { engine } = context;
  const sizes = unpooledSizes(context);
  let area = 0;
  let outArea = 0;
  return {
    blobs: [],
    reshape(bottoms, [top]) {
      checkMask(context, bottoms);
      const [num, channels, height, width] = bottoms[0]!.shape as [number, number, number, number];
      const [outHeight, outWidth] = sizes(height, width);
      area = height * width;
      outArea = outHeight * outWidth;
      top!.reshape(num, channels, outHeight, outWidth);
    },
    forward([bottom, mask], [top]) {
      const [x, m, y] = [bottom!.data, mask!.data, top!.data];
      engine.fill(y.length, 0, top!.dataPointer);
      for (let i = 0, start = 0; i < x.length; start += outArea) {
        for (const end = i + area; i < end; i++) {
          const index = Math.trunc(m[i]!);
          if (!(index >= 0 && index < outArea)) badIndex(context, index, outArea);
          y[start + index] = x[i]!;
        }
      }
    },
    backward([top], propagateDown, [bottom, mask]) {
      if (propagateDown[1]) mask!.diff.fill(0);
      if (!propagateDown[0]) return;
      const [dx, m, dy] = [bottom!.diff, mask!.data, top!.diff];
      for (let i = 0, start = 0; i < dx.length; start += outArea) {
        for (const end = i + area; i < end; i++) dx[i] = dy[start + Math.trunc(m[i]!)]!;
      }
    },
  };
}

/** How the size of the top follows from that of the bottom (SegNet's UpsampleLayer::LayerSetUp). */
function unpooledSizes({ param, fail }: LayerContext) {
  const given = withDefaults("UpsampleParameter", param.upsampleParam);
  const { upsampleH, upsampleW, scaleH, scaleW, padOutH, padOutW } = given;
  if (upsampleH !== undefined && upsampleW !== undefined) {
    if (upsampleH < 2 || upsampleW < 2) {
      fail("upsample_h and upsample_w must be above 1", "upsampleParam.upsampleH");
    }
    return (): [number, number] => [upsampleH, upsampleW];
  }
  const hasBoth = scaleH !== undefined && scaleW !== undefined;
  const hasOne = scaleH !== undefined || scaleW !== undefined;
  if (hasOne && (!hasBoth || given.scale !== undefined)) {
    fail(
      "upsample_h & upsample_w are required, else (DEPRECATED) scale OR scale_h & scale_w are required.",
      "upsampleParam",
    );
  }
  const [h, w] = hasBoth ? [scaleH, scaleW] : [given.scale ?? 2, given.scale ?? 2];
  if (h < 2 || w < 2) fail("scale must be above 1", "upsampleParam");
  const check = (pads: boolean, scale: number, what: string, letter: string): void => {
    if (!pads || scale === 2) return;
    fail(
      `Output ${what} padding compensation requires scale_${letter} == 2, otherwise the output ` +
        "size is ill-defined.",
      "upsampleParam",
    );
  };
  check(padOutH, h, "height", "h");
  check(padOutW, w, "width", "w");
  return (height: number, width: number): [number, number] => [
    height * h - Number(padOutH),
    width * w - Number(padOutW),
  ];
}

function checkMask({ fail }: LayerContext, [bottom, mask]: readonly Blob[]): void {
  const { shape } = bottom!;
  if (shape.length !== 4) {
    fail(
      "Input must have 4 axes, corresponding to (num, channels, height, width); the bottom's " +
        `shape is ${shapeString(shape)}`,
      "bottom",
    );
  }
  if (sameShape(shape, mask!.shape)) return;
  fail(
    `the mask must have the first bottom's shape: ${shapeString(shape)}, not ${shapeString(mask!.shape)}`,
    "bottom",
  );
}

function badIndex({ fail }: LayerContext, index: number, area: number): never {
  return fail(
    `upsample top index ${index} out of range - check scale settings match input pooling layer's ` +
      `downsample setup: the top has ${area} places`,
    "upsampleParam",
  );
}
