/** @file How far two outlines are apart, in millimetres: the Hausdorff distance without its last twentieth. */
import { distanceTo } from "./distance.ts";

/** Distance between the centres of neighbouring rows and of neighbouring columns, in mm. */
export interface PixelSpacing {
  readonly rowMm: number;
  readonly columnMm: number;
}

export interface MaskSize {
  readonly width: number;
  readonly height: number;
}

const SHARE = 0.95;

/**
 * The 95th percentile of the distances from each edge pixel of one mask to the nearest edge pixel of the
 * other, the larger of both directions (HD95 as MONAI computes it; percentiles are interpolated). An edge
 * pixel has a side to the outside, or to the border of the image. Where one mask is empty it is the image's
 * diagonal, so that a missed object counts for what it is.
 * @param a, b non-zero inside; rows of `width` pixels
 * @returns millimetres; undefined where both are empty
 */
export function hausdorff95(
  a: Uint8Array,
  b: Uint8Array,
  size: MaskSize,
  spacing: PixelSpacing,
): number | undefined {
  const [edgeA, edgeB] = [edgeOf(a, size), edgeOf(b, size)];
  const empty = [edgeA, edgeB].filter((edge) => !edge.includes(1)).length;
  if (empty === 2) return undefined;
  if (empty === 1) return Math.hypot(size.width * spacing.columnMm, size.height * spacing.rowMm);
  return Math.max(share(edgeA, edgeB, size, spacing), share(edgeB, edgeA, size, spacing));
}

function edgeOf(mask: Uint8Array, { width, height }: MaskSize): Uint8Array {
  const edge = new Uint8Array(mask.length);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (mask[i] === 0) continue;
      const isInner =
        x > 0 &&
        x + 1 < width &&
        mask[i - 1] !== 0 &&
        mask[i + 1] !== 0 &&
        y > 0 &&
        y + 1 < height &&
        mask[i - width] !== 0 &&
        mask[i + width] !== 0;
      edge[i] = isInner ? 0 : 1;
    }
  }
  return edge;
}

/** The percentile of the distances from the pixels of `from` to those of `to`. */
function share(from: Uint8Array, to: Uint8Array, size: MaskSize, spacing: PixelSpacing): number {
  const distance = distanceTo(to, size, spacing);
  const found = distance.filter((_, i) => from[i] !== 0).sort();
  const place = (found.length - 1) * SHARE;
  const [low, high] = [found[Math.floor(place)]!, found[Math.ceil(place)]!];
  return low + (high - low) * (place - Math.floor(place));
}
