/** @file Images brought to one number of channels, to one size, and to Caffe's order of colours. */
import type { Planes, StoredImage } from "../../data/index.ts";
import { likeData, repeatChannel } from "../dataset/record.ts";

export type ChannelConversion = "none" | "L" | "RGB";

/**
 * Palette images are looked up; then gray becomes three equal channels, or colour becomes gray.
 *
 * @returns planes in Caffe's order: blue, green, red
 */
export function convertChannels(stored: StoredImage, conversion: ChannelConversion): Planes {
  const image = stored.palette ? lookUp(stored, stored.palette) : stored;
  if (image.channels === 1) return conversion === "RGB" ? repeatChannel(image, 3) : image;
  return conversion === "L" ? luminance(image) : reversed(image);
}

function lookUp(
  { width, height, data }: StoredImage,
  palette: readonly (readonly number[])[],
): StoredImage {
  const pixels = width * height;
  const colors = new Uint8Array(3 * pixels);
  for (let c = 0; c < 3; c++) {
    for (let i = 0; i < pixels; i++) colors[c * pixels + i] = palette[data[i]!]?.[c] ?? 0;
  }
  return { channels: 3, width, height, data: colors };
}

/** The luma of ITU-R BT.601 in 16-bit fixed point, rounded, as PIL's conversion to "L". */
function luminance({ width, height, data }: StoredImage): Planes {
  const pixels = width * height;
  const gray = data.slice(0, pixels);
  for (let i = 0; i < pixels; i++) {
    const [r, g, b] = [data[i]!, data[pixels + i]!, data[2 * pixels + i]!];
    gray[i] = Math.floor((19595 * r + 38470 * g + 7471 * b + 32768) / 65536);
  }
  return { channels: 1, width, height, data: gray };
}

function reversed({ channels, width, height, data }: StoredImage): Planes {
  const pixels = width * height;
  const out = data.slice();
  for (let c = 0; c < channels; c++) {
    out.set(data.subarray(c * pixels, (c + 1) * pixels), (channels - 1 - c) * pixels);
  }
  return { channels, width, height, data: out };
}

/** Bilinear for what is seen, nearest for what is counted; both sample at pixel centres. */
export function resize(
  image: Planes,
  width: number,
  height: number,
  method: "bilinear" | "nearest",
): Planes {
  if (image.width === width && image.height === height) return image;
  const { channels } = image;
  const out = likeData(image.data, channels * width * height);
  const sample = method === "nearest" ? nearest : bilinear;
  const isWhole = !(out instanceof Float32Array);
  for (let c = 0, to = 0; c < channels; c++) {
    const plane = image.data.subarray(c * image.width * image.height);
    for (let j = 0; j < height; j++) {
      const y = ((j + 0.5) * image.height) / height - 0.5;
      for (let i = 0; i < width; i++, to++) {
        const x = ((i + 0.5) * image.width) / width - 0.5;
        const value = sample(plane, image, x, y);
        out[to] = isWhole ? Math.round(value) : value;
      }
    }
  }
  return { channels, height, width, data: out };
}

type Size = { readonly width: number; readonly height: number };

/** The value at a pixel; beyond the border, that of the nearest one. */
function at(plane: Planes["data"], { width, height }: Size, x: number, y: number): number {
  const row = Math.min(height - 1, Math.max(0, y));
  return plane[row * width + Math.min(width - 1, Math.max(0, x))]!;
}

function nearest(plane: Planes["data"], size: Size, x: number, y: number): number {
  return at(plane, size, Math.floor(x + 0.5), Math.floor(y + 0.5));
}

function bilinear(plane: Planes["data"], size: Size, x: number, y: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, down] = [x - left, y - top];
  const upper = at(plane, size, left, top) * (1 - right) + at(plane, size, left + 1, top) * right;
  const lower =
    at(plane, size, left, top + 1) * (1 - right) + at(plane, size, left + 1, top + 1) * right;
  return upper * (1 - down) + lower * down;
}
