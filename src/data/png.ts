/** @file PNG images with their stored values: 16 bits, palette indices, and packed pixels included. */
import type { DecodedPng } from "fast-png";
import { DataSourceError } from "../errors.ts";
import { MAX_PIXELS } from "./image.ts";
import { type StoredImage, storedPlanes } from "./stored-image.ts";

export async function decodePngPlanes(bytes: Uint8Array): Promise<StoredImage> {
  checkSize(bytes);
  const { decode } = await import("fast-png");
  const png = decode(bytes);
  const { width, height, channels, palette } = png;
  const samples = png.depth < 8 ? unpack(png) : sampleArray(png.data);
  // Gray with alpha has two channels, colour with alpha four.
  const image = storedPlanes(samples, width, height, channels, channels < 3 ? 1 : 3);
  return palette ? { ...image, palette } : image;
}

/** The size stands in the first chunk; it is looked at before any memory is taken for the pixels. */
function checkSize(bytes: Uint8Array): void {
  if (bytes.length < 33) throw new DataSourceError("the file ends inside its header");
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  if (width * height > MAX_PIXELS) {
    throw new DataSourceError(`it claims to have ${width}x${height} pixels`);
  }
}

/** Several pixels a byte, first pixel in the highest bits, each row beginning a new byte. */
function unpack({ data, depth, width, height, palette }: DecodedPng): Uint8Array {
  const perByte = 8 / depth;
  const stride = Math.ceil(width / perByte);
  const mask = (1 << depth) - 1;
  // Indices and bits stay what they are; shades of gray are stretched to a byte, as image readers do.
  const factor = palette || depth === 1 ? 1 : 255 / mask;
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const byte = data[y * stride + Math.floor(x / perByte)]!;
      out[y * width + x] = ((byte >> (8 - depth * ((x % perByte) + 1))) & mask) * factor;
    }
  }
  return out;
}

function sampleArray(data: DecodedPng["data"]): Uint8Array | Uint16Array {
  return data instanceof Uint16Array ? data : Uint8Array.from(data);
}
