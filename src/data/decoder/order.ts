/** @file What the net's thread and the decoding thread say to each other. */
import type { ColorMode, Image } from "../image.ts";

/** One image to be decoded. */
export interface DecodeOrder {
  /** The file, or what it holds. */
  readonly from: string | Uint8Array<ArrayBuffer>;
  /** How an error names the image. */
  readonly name: string;
  readonly mode: ColorMode;
  /** The size that a decoded 8-bit image is brought to; absent: it stays. */
  readonly size?: { readonly height: number; readonly width: number } | undefined;
}

export type DecodeAnswer = { readonly images: readonly Image[] } | { readonly problem: string };

/** A message and the order that it belongs to. */
export interface Numbered<T> {
  readonly id: number;
  readonly content: T;
}
