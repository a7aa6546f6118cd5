/** @file Pixels in memory. */

/** 8-bit pixels, rows from the top, `channels` values a pixel (1 gray, 3 RGB, 4 RGBA). */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  readonly pixels: Uint8Array;
}
