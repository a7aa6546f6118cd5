/** @file What the net's thread and the image thread say to each other. */
import type { PlanesSize } from "../augment/augmentor.ts";
import type { Augmentation } from "../augment/settings.ts";
import type { ColorMode, Image } from "../image.ts";
import type { CutOrder } from "../window-cut.ts";

/** One image to be decoded. */
export interface DecodeOrder {
  /** The file, or what it holds. */
  readonly from: string | Uint8Array<ArrayBuffer>;
  /** How an error names the image. */
  readonly name: string;
  readonly mode: ColorMode;
  /** The size that a decoded 8-bit image is brought to; absent: it stays. */
  readonly size?: { readonly height: number; readonly width: number } | undefined;
  /** The window of a decoded 8-bit image that is wanted, in place of the image. */
  readonly cut?: CutOrder | undefined;
  /** Whether the file is kept in memory for the next order, until the thread ends. */
  readonly keeps?: boolean | undefined;
}

/** A decoded image, or what an image shows of a window. */
export interface DecodedImage extends Image {
  /** Where a window's part lies in the square that the window becomes; 0 for an image. */
  readonly left: number;
  readonly top: number;
}

/** Records to be augmented, one behind the other in memory that both threads see. */
export interface AugmentOrder {
  readonly from: SharedArrayBuffer;
  readonly to: SharedArrayBuffer;
  readonly sizes: readonly PlanesSize[];
  readonly settings: Augmentation;
  /** The number of the first record: how many the layer has read before it. */
  readonly first: number;
}

export type Order =
  | { readonly decode: readonly DecodeOrder[] }
  | { readonly augment: AugmentOrder };

/** The images of a decoding; nothing of an augmentation. */
export type Answer = { readonly images: readonly DecodedImage[] } | { readonly problem: string };

/** A message and the order that it belongs to. */
export interface Numbered<T> {
  readonly id: number;
  readonly content: T;
}
