/** @file Batches of images as their records hold them, for a device that does the arithmetic itself. */
import type { Blob } from "./blob.ts";

/** y = (x - mean) * scale, each step in float32, of a part of an image that may be mirrored. */
export interface PixelArithmetic {
  readonly scale: number;
  /** One for all channels, or one for each; none: 0. */
  readonly meanValues: readonly number[];
  /** The mean of each pixel of the whole image, (C, H, W), in place of values. */
  readonly meanImage?: {
    readonly height: number;
    readonly width: number;
    readonly data: Float32Array;
  };
  readonly mayMirror: boolean;
}

/** Values of pixels, 1 or 2 bytes each. */
export type PixelArray = Uint8Array | Uint16Array;

/** Row and column at which the part of an image begins, and whether it is mirrored. */
export interface ImageCut {
  readonly top: number;
  readonly left: number;
  readonly isMirrored: boolean;
}

/** What a layer that reads images offers in place of its `forward`. */
export interface PixelBatches {
  readonly arithmetic: PixelArithmetic;
  /** Bytes of each value of the batch that the layer's `prepare` has waited for; 0: it has floats, for `forward`. */
  bytesPerValue(): 0 | 1 | 2;
  /**
   * Does what `forward` does, but writes the parts of the images, (N, C, H, W) as the first top, as they
   * are to `pixels`, and for each image its cut to `cuts`: top, left, and 1 where it is to be mirrored.
   */
  take(tops: readonly Blob[], pixels: PixelArray, cuts: Uint32Array): void;
}
