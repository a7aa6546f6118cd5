/** @file Images brought to one number of channels and to one size. */
import { type ImageArray, repeatChannel } from "../dataset/image-array.ts";
import type { StoredImage } from "./stored-image.ts";

export type ChannelConversion = "none" | "L" | "RGB";

/** Palette images are looked up; then gray becomes three equal channels, or colour becomes gray. */
export function convertChannels(stored: StoredImage, conversion: ChannelConversion): ImageArray {
  const image = stored.palette ? lookUp(stored, stored.palette) : stored;
  if (conversion === "RGB" && image.channels === 1) return repeatChannel(image, 3);
  if (conversion === "L" && image.channels === 3) return luminance(image);
  return image;
}

function lookUp(
  { width, height, values }: StoredImage,
  palette: readonly (readonly number[])[],
): StoredImage {
  const pixels = width * height;
  const colors = new Uint8Array(3 * pixels);
  for (let c = 0; c < 3; c++) {
    for (let i = 0; i < pixels; i++) colors[c * pixels + i] = palette[values[i]!]?.[c] ?? 0;
  }
  return { channels: 3, width, height, values: colors };
}

/** The luma of ITU-R BT.601 in 16-bit fixed point, rounded, as PIL's conversion to "L". */
function luminance(image: StoredImage): StoredImage {
  const pixels = image.width * image.height;
  const { values } = image;
  const gray = values.slice(0, pixels);
  for (let i = 0; i < pixels; i++) {
    const [r, g, b] = [values[i]!, values[pixels + i]!, values[2 * pixels + i]!];
    gray[i] = Math.floor((19595 * r + 38470 * g + 7471 * b + 32768) / 65536);
  }
  return { ...image, channels: 1, values: gray };
}

/** Bilinear for what is seen, nearest for what is counted; both sample at pixel centres. */
export function resize(
  image: ImageArray,
  width: number,
  height: number,
  method: "bilinear" | "nearest",
): ImageArray {
  if (image.width === width && image.height === height) return image;
  const { channels, values } = image;
  const out = (values instanceof Uint8Array ? Uint8Array : Float32Array).from({
    length: channels * width * height,
  });
  for (let c = 0, to = 0; c < channels; c++) {
    const plane = values.subarray(c * image.width * image.height);
    const at = (y: number, x: number): number => {
      const row = Math.min(image.height - 1, Math.max(0, y));
      return plane[row * image.width + Math.min(image.width - 1, Math.max(0, x))]!;
    };
    for (let j = 0; j < height; j++) {
      const y = ((j + 0.5) * image.height) / height - 0.5;
      for (let i = 0; i < width; i++, to++) {
        const x = ((i + 0.5) * image.width) / width - 0.5;
        if (method === "nearest") {
          out[to] = at(Math.floor(y + 0.5), Math.floor(x + 0.5));
          continue;
        }
        const [top, left] = [Math.floor(y), Math.floor(x)];
        const [down, right] = [y - top, x - left];
        const upper = at(top, left) * (1 - right) + at(top, left + 1) * right;
        const lower = at(top + 1, left) * (1 - right) + at(top + 1, left + 1) * right;
        const value = upper * (1 - down) + lower * down;
        out[to] = out instanceof Uint8Array ? Math.round(value) : value;
      }
    }
  }
  return { channels, height, width, values: out };
}
