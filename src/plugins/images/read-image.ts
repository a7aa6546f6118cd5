/** @file Image files of the formats that DIGITS takes, with the values that are stored in them. */
import { readFile } from "node:fs/promises";
import { type StoredImage, decodeImage, decodePngPlanes } from "../../data/index.ts";
import { CaffeError, DataSourceError } from "../../errors.ts";
import { systemReason } from "../../model-file/atomic-write.ts";
import { decodeBmp, decodePnm } from "./bitmap.ts";

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
    return await decode(await readFile(path), path);
  } catch (cause) {
    if (cause instanceof CaffeError && cause.message.startsWith(path)) throw cause;
    const reason = cause instanceof CaffeError ? cause.message : systemReason(cause);
    throw new DataSourceError(`${path}: cannot be read as an image: ${reason}`, { cause });
  }
}

/** The content decides how a file is read, as names lie. */
async function decode(bytes: Uint8Array, path: string): Promise<StoredImage> {
  const head = Buffer.from(bytes.subarray(0, 4)).toString("latin1");
  if (head === "\x89PNG") return decodePngPlanes(bytes);
  if (head.startsWith("BM")) return decodeBmp(bytes);
  if (/^P[56]\s/.test(head)) return decodePnm(bytes);
  if (bytes.length === 0) throw new DataSourceError("the file is empty");
  const { channels, height, width, data } = await decodeImage(bytes, path);
  // Caffe's order is blue, green, red; transparency comes last.
  const area = height * width;
  const kept = channels < 3 ? 1 : 3;
  const planes = data.slice(0, kept * area);
  if (kept === 3) {
    planes.set(data.subarray(2 * area, 3 * area), 0);
    planes.set(data.subarray(0, area), 2 * area);
  }
  return { channels: kept, height, width, data: planes };
}
