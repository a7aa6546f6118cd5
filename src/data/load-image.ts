/** @file Image files for programs and custom layers, in the form that they ask for. */
import { readFile } from "node:fs/promises";
import { DataSourceError } from "../errors.ts";
import { systemReason } from "../model-file/atomic-write.ts";
import { type Image, decodeImage } from "./image.ts";
import { decodePngPlanes } from "./png.ts";

/**
 * - `"bgr"`, `"rgb"`: three planes of 8 bits in this order; gray images have three equal ones.
 * - `"gray"`: one plane of 8 bits.
 * - `"index"`: one plane of what the file stores: indices into its palette, or shades of gray of 8 or
 *   16 bits. For label images, whose colours only show which class is where.
 */
export type ImageForm = "bgr" | "rgb" | "gray" | "index";

/**
 * Reads a JPEG, PNG, TIFF or WebP file; decoding runs in other threads, but for "index".
 *
 * Values are those of OpenCV's `imread` (for "index", of `numpy.array(PIL.Image.open(path))`), but the
 * planes lie one after the other: axes (channel, row, column).
 * @throws DataSourceError when the file cannot be read or decoded, has more than 64 Mpx, or, for
 * "index", is a colour image
 */
export async function loadImage(path: string, form: ImageForm = "bgr"): Promise<Image> {
  const bytes = await read(path);
  if (form === "index") return await decodeIndices(bytes, path);
  if (form === "gray") return await decodeImage(bytes, path, "gray");
  const image = await decodeImage(bytes, path, "color");
  if (form === "rgb") swapOuterPlanes(image);
  return image;
}

async function read(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new DataSourceError(`${path}: cannot be read: ${systemReason(cause)}`, { cause });
  }
}

async function decodeIndices(bytes: Uint8Array, path: string): Promise<Image> {
  const { channels, height, width, data } = await decodeStored(bytes, path);
  if (channels !== 1) {
    throw new DataSourceError(
      `${path}: is a colour image; a label image has a palette, whose indices are the classes, or is gray`,
    );
  }
  return { channels, height, width, data };
}

/** PNGs with their palette's indices; nothing else has a palette here. */
async function decodeStored(bytes: Uint8Array, path: string): Promise<Image> {
  const isPng = Buffer.from(bytes.subarray(0, 4)).toString("latin1") === "\x89PNG";
  if (!isPng) return await decodeImage(bytes, path);
  try {
    return await decodePngPlanes(bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataSourceError(`${path}: the image cannot be decoded: ${reason}`, { cause });
  }
}

function swapOuterPlanes({ data }: Image): void {
  const plane = data.length / 3;
  const first = data.slice(0, plane);
  data.copyWithin(0, 2 * plane);
  data.set(first, 2 * plane);
}
