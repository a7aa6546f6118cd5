/** @file Image files of the formats that DIGITS takes, with the values that are stored in them. */
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { CaffeError, DataSourceError } from "../../errors.ts";
import { systemReason } from "../../model-file/atomic-write.ts";
import { decodeBmp, decodePnm } from "./bitmap.ts";
import { decodePngPlanes } from "./png.ts";
import { MAX_PIXELS, planesOf, type StoredImage } from "./stored-image.ts";

/** Extensions that DIGITS' segmentation plug-in lists. */
export const IMAGE_EXTENSIONS: readonly string[] = [
  ".png",
  ".jpg",
  ".jpeg",
  ".bmp",
  ".ppm",
  ".pgm",
];

/**
 * Reads an image: 16-bit values stay as they are, palette images give their indices, transparency is dropped.
 *
 * @throws DataSourceError naming the file, when it cannot be read or decoded.
 */
export async function readStoredImage(path: string): Promise<StoredImage> {
  try {
    return await decodeStoredImage(await readFile(path), extname(path).toLowerCase());
  } catch (cause) {
    const reason = cause instanceof CaffeError ? cause.message : systemReason(cause);
    throw new DataSourceError(`${path}: cannot be read as an image: ${reason}`, { cause });
  }
}

/** Decodes an image file in memory. The content decides; the extension only where the content does not tell. */
export async function decodeStoredImage(bytes: Uint8Array, extension = ""): Promise<StoredImage> {
  const head = Buffer.from(bytes.subarray(0, 4)).toString("latin1");
  if (head === "\x89PNG") return decodePngPlanes(bytes);
  if (head.startsWith("BM")) return decodeBmp(bytes);
  if (/^P[56]\s/.test(head)) return decodePnm(bytes);
  if (bytes.length === 0) throw new DataSourceError("the file is empty");
  if (!head.startsWith("\xff\xd8") && !IMAGE_EXTENSIONS.includes(extension)) {
    throw new DataSourceError("its format is unknown");
  }
  const { default: sharp } = await import("sharp");
  const { data, info } = await sharp(bytes, { limitInputPixels: MAX_PIXELS })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return planesOf(data, info.width, info.height, info.channels, Math.min(info.channels, 3));
}
