/** @file Which part of an image a window shows, and where it comes to lie in a square of the crop's size. */
import type { Window } from "./window-list.ts";

/** How windows are cut. */
export interface CutSettings {
  readonly cropSize: number;
  /** Pixels of the surroundings on each side, counted in the result. */
  readonly contextPad: number;
  /** Keeps the window's proportions, by taking more of the surroundings. */
  readonly isSquare: boolean;
}

/** A window and how to cut it. */
export interface CutOrder extends CutSettings {
  readonly window: Pick<Window, "x1" | "y1" | "x2" | "y2">;
  /** The cut is going to be flipped from left to right. */
  readonly isMirrored: boolean;
}

export interface WindowCut {
  /** The part of the image. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** The size that it is brought to. */
  readonly size: { readonly height: number; readonly width: number };
  /** Where it comes to lie in the square. */
  readonly left: number;
  readonly top: number;
}

const f = Math.fround;

/** C's `round`: halves away from zero. */
const round = (value: number) => Math.sign(value) * Math.floor(Math.abs(value) + 0.5);

/**
 * Caffe's arithmetic in float32 (BVLC WindowDataLayer::load_batch). A window with surroundings may reach
 * over the image's border: the cut is what the image has of it.
 * @returns undefined where the image has nothing of the window, or not all that has to be there
 */
export function cutWindow(
  { window, isMirrored, cropSize, contextPad, isSquare }: CutOrder,
  image: { readonly height: number; readonly width: number },
): WindowCut | undefined {
  const { x1, y1, x2, y2 } = window;
  if (contextPad === 0 && !isSquare) {
    const size = { height: cropSize, width: cropSize };
    const cut = { x: x1, y: y1, width: x2 - x1 + 1, height: y2 - y1 + 1 };
    return liesIn(image, cut) ? { ...cut, size, left: 0, top: 0 } : undefined;
  }
  // The part that, brought to the crop's size, leaves contextPad pixels around the window.
  const scale = f(cropSize / (cropSize - 2 * contextPad));
  const half = { width: f((x2 - x1 + 1) / 2), height: f((y2 - y1 + 1) / 2) };
  const side = Math.max(half.width, half.height);
  const across = along(x1, half.width, isSquare ? side : half.width, scale, image.width, cropSize);
  const down = along(y1, half.height, isSquare ? side : half.height, scale, image.height, cropSize);
  const cut = { x: across.from, y: down.from, width: across.length, height: down.length };
  if (!liesIn(image, cut)) return undefined;
  const left = isMirrored ? across.after : across.before;
  const top = down.before;
  // Rounded sizes may come to more than the square.
  const size = {
    height: Math.min(down.size, cropSize - top),
    width: Math.min(across.size, cropSize - left),
  };
  return { ...cut, size, left, top };
}

/** The cut along one axis of the image. */
function along(
  start: number,
  half: number,
  widened: number,
  scale: number,
  imageSize: number,
  cropSize: number,
) {
  const center = f(f(start) + half);
  const first = round(f(center - widened * scale));
  const last = round(f(center + widened * scale));
  const padBefore = Math.max(0, -first);
  const padAfter = Math.max(0, last - imageSize + 1);
  const from = first + padBefore;
  const length = last - padAfter - from + 1;
  const zoom = f(cropSize / (last - first + 1));
  return {
    from,
    length,
    size: round(f(length * zoom)),
    before: round(f(padBefore * zoom)),
    after: round(f(padAfter * zoom)),
  };
}

function liesIn(
  image: { readonly height: number; readonly width: number },
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
): boolean {
  const fits = x >= 0 && y >= 0 && x + width <= image.width && y + height <= image.height;
  return fits && width > 0 && height > 0;
}
