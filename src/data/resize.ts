/** @file Resizing as OpenCV's `cv::resize` does it with INTER_LINEAR on 8-bit images, to the bit. */
import type { Planes } from "./datum.ts";

/** Planes with the axes (channel, row, column), 8 bits a value. */
export interface BytePlanes extends Planes {
  readonly data: Uint8Array;
}

/** Weights are integers in units of 1/2048 (OpenCV's INTER_RESIZE_COEF_BITS is 11). */
const ONE = 2048;

/** For each place along an axis of the result: the source place before it, and the weights of that and the next. */
interface Taps {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly firstWeight: Int32Array;
  readonly secondWeight: Int32Array;
}

/**
 * Bilinear interpolation, pixel centers on pixel centers, without smoothing when the image shrinks. A
 * result of exactly half the size is the mean of 2 x 2 pixels, as in OpenCV.
 * @param height,width sizes of the result, at least 1
 */
export function resizeBilinear(image: BytePlanes, height: number, width: number): BytePlanes {
  if (height === image.height && width === image.width) return image;
  const { channels } = image;
  const data = new Uint8Array(channels * height * width);
  if (2 * height === image.height && 2 * width === image.width) halve(image, data);
  else interpolate(image, data, height, width);
  return { channels, height, width, data };
}

function halve({ channels, height, width, data: source }: BytePlanes, data: Uint8Array): void {
  let to = 0;
  for (let row = 0; row < channels * height; row += 2) {
    const above = row * width;
    const below = above + width;
    for (let x = 0; x < width; x += 2) {
      const sum =
        source[above + x]! + source[above + x + 1]! + source[below + x]! + source[below + x + 1]!;
      data[to++] = (sum + 2) >> 2;
    }
  }
}

function interpolate(image: BytePlanes, data: Uint8Array, height: number, width: number): void {
  const columns = tapsOf(image.width, width, true);
  const rows = tapsOf(image.height, height, false);
  // The two source rows that the current row lies between, interpolated along the columns.
  let above = new Int32Array(width);
  let below = new Int32Array(width);
  for (let c = 0; c < image.channels; c++) {
    const plane = image.data.subarray(c * image.height * image.width);
    let rowAbove = -1;
    let rowBelow = -1;
    for (let y = 0; y < height; y++) {
      const first = rows.first[y]!;
      const second = rows.second[y]!;
      if (first === rowBelow) {
        [above, below] = [below, above];
        [rowAbove, rowBelow] = [rowBelow, rowAbove];
      }
      if (first !== rowAbove) fillRow(plane, first * image.width, columns, above);
      if (second !== rowBelow) fillRow(plane, second * image.width, columns, below);
      rowAbove = first;
      rowBelow = second;
      const weightAbove = rows.firstWeight[y]!;
      const weightBelow = rows.secondWeight[y]!;
      const at = (c * height + y) * width;
      for (let x = 0; x < width; x++) {
        // Both products are cut off before they are added: OpenCV multiplies 16-bit numbers here.
        const sum =
          ((weightAbove * (above[x]! >> 4)) >> 16) + ((weightBelow * (below[x]! >> 4)) >> 16);
        data[at + x] = (sum + 2) >> 2;
      }
    }
  }
}

function fillRow(plane: Uint8Array, at: number, taps: Taps, into: Int32Array): void {
  const { first, second, firstWeight, secondWeight } = taps;
  for (let x = 0; x < into.length; x++) {
    into[x] = plane[at + first[x]!]! * firstWeight[x]! + plane[at + second[x]!]! * secondWeight[x]!;
  }
}

/** @param snaps whether a place outside the image takes the border with its whole weight: only along columns */
function tapsOf(from: number, to: number, snaps: boolean): Taps {
  const first = new Int32Array(to);
  const second = new Int32Array(to);
  const firstWeight = new Int32Array(to);
  const secondWeight = new Int32Array(to);
  const scale = 1 / (to / from);
  const last = from - 1;
  for (let i = 0; i < to; i++) {
    const place = Math.fround((i + 0.5) * scale - 0.5);
    let before = Math.floor(place);
    let fraction = Math.fround(place - before);
    if (snaps && (before < 0 || before >= last)) {
      before = before < 0 ? 0 : last;
      fraction = 0;
    }
    first[i] = Math.min(Math.max(before, 0), last);
    second[i] = Math.min(Math.max(before + 1, 0), last);
    firstWeight[i] = roundToEven(Math.fround(1 - fraction) * ONE);
    secondWeight[i] = roundToEven(fraction * ONE);
  }
  return { first, second, firstWeight, secondWeight };
}

function roundToEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
