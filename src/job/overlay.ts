/** @file The overlay of a segmentation on its image, as DIGITS' "Image segmentation" view draws it. */
import type { ClassMap } from "./class-map.ts";
import { signedDistance } from "./distance.ts";
import { type Color, classPalette } from "./palette.ts";
import type { Picture } from "./pixels.ts";

/** The sliders of the view, at their defaults when absent. */
export interface OverlayOptions {
  /** Of the colour inside an object, 0 to 1; default 0.3. */
  readonly opacity?: number;
  /** Of the veil outside, 0 to 1; default 0. */
  readonly maskOpacity?: number;
  /** Of the outline, in pixels of the result; default 3. */
  readonly lineWidth?: number;
  /** Moves the outline of a two-class map outwards (negative) or inwards, in pixels of the image; default 0. */
  readonly threshold?: number;
  /** Pixels of the result along each pixel of the image; default 1. */
  readonly scale?: number;
  readonly classCount: number;
  /** Colours of the classes; two classes are always white inside and black outside. */
  readonly palette?: readonly Color[];
  /** A label whose outline is drawn over it, thin and yellow. */
  readonly label?: ClassMap;
}

const LABEL_COLOR: Color = [255, 214, 0];

/**
 * Draws a class map over its image. With nothing but background found the image stays as it is.
 * @param image gray or RGB, of the size of the map
 * @returns an RGB picture, `scale` times as large
 */
export function overlay(image: Picture, map: ClassMap, options: OverlayOptions): Picture {
  const { scale = 1, opacity = 0.3, maskOpacity = 0, lineWidth = 3, threshold = 0 } = options;
  const binary = options.classCount <= 2;
  const palette = binary ? undefined : (options.palette ?? classPalette(options.classCount));
  const distance = outlineDistance(map);
  const truth = options.label && outlineDistance(options.label);
  const edge = binary ? threshold : 0;
  const [width, height] = [image.width * scale, image.height * scale];
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const source = Math.floor(y / scale) * image.width + Math.floor(x / scale);
      const color = colorAt(image, source);
      if (distance) {
        const d = (sample(distance, map, x, y, scale) - edge) * scale;
        const inside = d >= 0;
        const alpha = !inside ? maskOpacity : d < lineWidth ? 1 : opacity;
        blend(color, inside ? (palette?.[classNear(map, source)] ?? WHITE) : BLACK, alpha);
      }
      if (truth && Math.abs(sample(truth, map, x, y, scale) * scale) < 0.75) {
        blend(color, LABEL_COLOR, 1);
      }
      pixels.set(color, (y * width + x) * 3);
    }
  }
  return { width, height, channels: 3, pixels };
}

const WHITE: Color = [255, 255, 255];
const BLACK: Color = [0, 0, 0];

/** The largest signed distance of any class but 0; undefined where there is only background. */
function outlineDistance({ classes, width, height }: ClassMap): Float32Array | undefined {
  const found = [...new Set(classes)].filter((value) => value !== 0);
  let largest: Float32Array | undefined;
  for (const value of found) {
    const mask = classes.map((c) => (c === value ? 1 : 0));
    const distance = signedDistance(mask, width, height);
    largest = largest ? largest.map((d, i) => Math.max(d, distance[i]!)) : distance;
  }
  return largest;
}

/** The distance at a pixel of the enlarged picture, between the four nearest centres. */
function sample(
  distance: Float32Array,
  { width, height }: ClassMap,
  x: number,
  y: number,
  scale: number,
): number {
  if (scale === 1) return distance[y * width + x]!;
  const clamp = (value: number, size: number) => Math.min(size - 1, Math.max(0, value));
  const cx = clamp((x + 0.5) / scale - 0.5, width);
  const cy = clamp((y + 0.5) / scale - 0.5, height);
  const [x0, y0] = [Math.floor(cx), Math.floor(cy)];
  const [x1, y1] = [clamp(x0 + 1, width), clamp(y0 + 1, height)];
  const [fx, fy] = [cx - x0, cy - y0];
  const row = (yy: number) =>
    distance[yy * width + x0]! * (1 - fx) + distance[yy * width + x1]! * fx;
  return row(y0) * (1 - fy) + row(y1) * fy;
}

/** The class at a pixel; just outside an object that is enlarged, the class of a neighbour. */
function classNear({ classes, width }: ClassMap, index: number): number {
  const around = [index, index - 1, index + 1, index - width, index + width];
  return around.map((i) => classes[i] ?? 0).find((value) => value !== 0) ?? 0;
}

function colorAt({ channels, pixels }: Picture, index: number): [number, number, number] {
  const at = index * channels;
  if (channels === 1) return [pixels[at]!, pixels[at]!, pixels[at]!];
  return [pixels[at]!, pixels[at + 1]!, pixels[at + 2]!];
}

function blend(color: [number, number, number], over: Color, alpha: number): void {
  for (let c = 0; c < 3; c++) {
    color[c] = Math.round(color[c]! * (1 - alpha) + over[c]! * alpha);
  }
}
