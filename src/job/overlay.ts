/** @file The overlay of a segmentation on its image, as DIGITS' "Image segmentation" view draws it. */
import type { ClassMap } from "./class-map.ts";
import { signedDistance } from "./distance.ts";
import { type Color, classPalette } from "./palette.ts";
import type { Picture } from "./pixels.ts";

/** The sliders of the view, at their defaults when absent. */
export interface OverlaySliders {
  /** Of the colour inside an object, 0 to 1; default 0.3. */
  readonly opacity?: number;
  /** Of the veil outside, 0 to 1; default 0. */
  readonly maskOpacity?: number;
  /** Of the outline, in pixels of the result; default 3. */
  readonly lineWidth?: number;
  /** Moves the outline of a two-class map outwards (negative) or inwards, in pixels of the image; default 0. */
  readonly threshold?: number;
  /** Makes dark parts of the image brighter (below 1): value^gamma; default 1. */
  readonly gamma?: number;
  /** Colours for the 256 grays of a gray image; absent: gray. */
  readonly imageColors?: readonly Color[] | undefined;
  /** Colours of the classes; absent: white for the one of two classes, else those of PASCAL VOC. */
  readonly palette?: readonly Color[] | undefined;
  /** Whether the outline of the label is drawn; default true. */
  readonly showsLabel?: boolean;
}

export interface OverlaySubject {
  readonly classCount: number;
  /** Pixels of the result along each pixel of the image; default 1. */
  readonly scale?: number;
  /** A label whose outline is drawn over it, thin and yellow. */
  readonly label?: ClassMap;
}

export type OverlayOptions = OverlaySliders & OverlaySubject;

const LABEL_COLOR: Color = [255, 214, 0];
const LABEL_WIDTH = 0.75;

/**
 * Draws a class map over its image. With nothing but background found the image stays as it is.
 * @param image gray or RGB, of the size of the map
 * @returns an RGB picture, `scale` times as large
 */
export function overlay(image: Picture, map: ClassMap, options: OverlayOptions): Picture {
  return overlayDrawer(image, map, options)(options);
}

/** An overlay that is drawn again and again while sliders move: what does not depend on them is kept. */
export function overlayDrawer(
  image: Picture,
  map: ClassMap,
  { classCount, scale = 1, label }: OverlaySubject,
): (sliders: OverlaySliders) => Picture {
  const [width, height] = [image.width * scale, image.height * scale];
  const distance = enlargedDistance(map, scale);
  const truth = label && enlargedDistance(label, scale);
  const isBinary = classCount <= 2;
  return (sliders) => {
    const { opacity = 0.3, maskOpacity = 0, lineWidth = 3, showsLabel = true } = sliders;
    const palette = sliders.palette ?? (isBinary ? undefined : classPalette(classCount));
    const edge = isBinary ? (sliders.threshold ?? 0) * scale : 0;
    const shades = shadesOf(sliders);
    const pixels = new Uint8Array(width * height * 3);
    const color: [number, number, number] = [0, 0, 0];
    for (let y = 0, to = 0; y < height; y++) {
      for (let x = 0; x < width; x++, to++) {
        const source = Math.floor(y / scale) * image.width + Math.floor(x / scale);
        setColor(color, image, source, shades, sliders.imageColors !== undefined);
        if (distance) {
          const d = distance[to]! - edge;
          const alpha = d < 0 ? maskOpacity : d < lineWidth ? 1 : opacity;
          blend(color, d < 0 ? BLACK : (palette?.[classNear(map, source)] ?? WHITE), alpha);
        }
        if (truth && showsLabel && Math.abs(truth[to]!) < LABEL_WIDTH) blend(color, LABEL_COLOR, 1);
        pixels[3 * to] = color[0];
        pixels[3 * to + 1] = color[1];
        pixels[3 * to + 2] = color[2];
      }
    }
    return { width, height, channels: 3, pixels };
  };
}

/** The image with the outline of its label alone, as `overlay` draws it, but much more quickly. */
export function outlined(image: Picture, { classes, width, height }: ClassMap): Picture {
  const pixels = new Uint8Array(3 * width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const own = classes[i];
      // Less than LABEL_WIDTH from the outline: right beside a pixel of another class.
      const isEdge =
        (x > 0 && classes[i - 1] !== own) ||
        (x + 1 < width && classes[i + 1] !== own) ||
        (y > 0 && classes[i - width] !== own) ||
        (y + 1 < height && classes[i + width] !== own);
      for (let c = 0; c < 3; c++) {
        const shade = image.pixels[image.channels === 1 ? i : 3 * i + c]!;
        pixels[3 * i + c] = isEdge ? LABEL_COLOR[c]! : shade;
      }
    }
  }
  return { width, height, channels: 3, pixels };
}

/** What becomes of each of the 256 values. */
function shadesOf({ gamma = 1, imageColors }: OverlaySliders): readonly Color[] {
  return Array.from({ length: 256 }, (_, value): Color => {
    const bright = Math.round(255 * (value / 255) ** gamma);
    return imageColors?.[bright] ?? [bright, bright, bright];
  });
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

/** The distance at each pixel of the enlarged picture, between the four nearest centres, in its pixels. */
function enlargedDistance(map: ClassMap, scale: number): Float32Array | undefined {
  const distance = outlineDistance(map);
  if (!distance || scale === 1) return distance;
  const [width, height] = [map.width * scale, map.height * scale];
  const enlarged = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      enlarged[y * width + x] = scale * sample(distance, map, (x + 0.5) / scale, (y + 0.5) / scale);
    }
  }
  return enlarged;
}

/** Between the four pixels whose centres are nearest to a place. */
function sample(distance: Float32Array, { width, height }: ClassMap, x: number, y: number): number {
  const clamp = (value: number, size: number) => Math.min(size - 1, Math.max(0, value));
  const [cx, cy] = [clamp(x - 0.5, width), clamp(y - 0.5, height)];
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

/** The shade of a gray pixel; a colour has one a channel, unless `isMapped`: then its mean has one. */
function setColor(
  color: [number, number, number],
  { channels, pixels }: Picture,
  index: number,
  shades: readonly Color[],
  isMapped: boolean,
): void {
  const at = index * channels;
  if (channels === 1 || isMapped) {
    const sum = channels === 1 ? 3 * pixels[at]! : pixels[at]! + pixels[at + 1]! + pixels[at + 2]!;
    [color[0], color[1], color[2]] = shades[Math.round(sum / 3)]!;
    return;
  }
  for (const c of [0, 1, 2] as const) color[c] = shades[pixels[at + c]!]![c];
}

function blend(color: [number, number, number], over: Color, alpha: number): void {
  for (let c = 0; c < 3; c++) {
    color[c] = Math.round(color[c]! * (1 - alpha) + over[c]! * alpha);
  }
}
