/** @file A record of a dataset as a PNG: the image, with outlines, or its classes in colour. */
import { outlined, overlay } from "../../job/overlay.ts";
import { type Color, classPalette } from "../../job/palette.ts";
import { pngOf } from "../../job/picture.ts";
import { type DatasetRecord, windowed } from "./records.ts";

export interface PictureOptions {
  readonly show: "image" | "outline" | "mask";
  /** Pixels of the picture along each pixel of the image. */
  readonly scale: number;
  /** Colours of the classes. */
  readonly palette: readonly Color[];
}

export function recordPicture(
  { image, label }: DatasetRecord,
  { show, scale, palette }: PictureOptions,
): Promise<Uint8Array> {
  const picture = windowed(image);
  if (!label || show === "image") return pngOf(picture, scale);
  const { width, height } = label;
  if (show === "mask") {
    const colors = classPalette(256).map((color, index) => palette[index] ?? color);
    const pixels = new Uint8Array(3 * width * height);
    label.classes.forEach((value, i) => {
      pixels.set(colors[value]!, 3 * i);
    });
    return pngOf({ width, height, channels: 3, pixels }, scale);
  }
  if (scale === 1) return pngOf(outlined(picture, label));
  const nothing = { width, height, classes: new Uint8Array(width * height) };
  return pngOf(overlay(picture, nothing, { classCount: 2, scale, label }));
}
