/** @file An image as its file stores it. */
import type { ImageArray } from "../dataset/image-array.ts";

/** An image and, where its values are indices, the colours they stand for. */
export interface StoredImage extends ImageArray {
  readonly values: Uint8Array | Uint16Array;
  readonly palette?: readonly (readonly number[])[] | undefined;
}

/** No image of a dataset is larger, and what claims to be could exhaust the memory. */
export const MAX_PIXELS = 64 * 1024 * 1024;

/** Samples side by side to the first `keep` planes one after the other. */
export function planesOf(
  samples: Uint8Array | Uint16Array,
  width: number,
  height: number,
  channels: number,
  keep: number,
): StoredImage {
  const pixels = width * height;
  const values =
    samples instanceof Uint16Array ? new Uint16Array(keep * pixels) : new Uint8Array(keep * pixels);
  for (let c = 0; c < keep; c++) {
    for (let i = 0, from = c; i < pixels; i++, from += channels) {
      values[c * pixels + i] = samples[from]!;
    }
  }
  return { channels: keep, height, width, values };
}
