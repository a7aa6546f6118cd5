/** @file Images to segment: DICOM slices, and PNG (8 and 16 bit), JPEG, TIFF or WebP files. */
import { open, readFile } from "node:fs/promises";
import { extname } from "node:path";
import { decodeImage } from "../data/index.ts";
import { DataSourceError } from "../errors.ts";
import type { ClassMap } from "./class-map.ts";
import type { FloatImage } from "./float-image.ts";
import { contourMask, readContour } from "../plugins/contours/contour-file.ts";
import { readDicom } from "../plugins/dicom/index.ts";

/**
 * Reads one image with the values that are stored: 16-bit values stay 16-bit values.
 * @param frame which frame of a DICOM file that has several, from 0
 * @throws DataSourceError for a file that is no image
 */
export async function readImage(path: string, frame?: number): Promise<FloatImage> {
  return (await isDicom(path)) ? readSlice(path, frame) : readPlainImage(path);
}

/** A DICOM file has "DICM" at byte 128, or at least its usual extension. */
async function isDicom(path: string): Promise<boolean> {
  if (/\.dcm$/i.test(path)) return true;
  try {
    const file = await open(path);
    try {
      const { buffer } = await file.read(new Uint8Array(4), 0, 4, 128);
      return String.fromCharCode(...buffer) === "DICM";
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new DataSourceError(`cannot read the image ${path}`, { cause });
  }
}

async function readSlice(path: string, frame?: number): Promise<FloatImage> {
  const { rows, columns, frames, samplesPerPixel, values } = await readDicom(path);
  if (frames > 1 && frame === undefined) {
    throw new DataSourceError(
      `${path} has ${frames} frames; choose one with --frame 0 to ${frames - 1}`,
    );
  }
  const index = frame ?? 0;
  if (index >= frames) throw new DataSourceError(`${path} has no frame ${index}, only ${frames}`);
  const count = rows * columns * samplesPerPixel;
  const pixels = values.subarray(index * count, (index + 1) * count);
  return planes(pixels, columns, rows, samplesPerPixel);
}

async function readPlainImage(path: string): Promise<FloatImage> {
  const { channels, height, width, data } = await decodeImage(await readFile(path), path);
  // Transparency is no channel that a net was trained on.
  const kept = channels < 3 ? 1 : 3;
  const planes = data.subarray(0, kept * height * width);
  return { channels: kept, height, width, data: Float32Array.from(planes) };
}

/** Samples side by side to planes one after the other; red, green, blue turned round to Caffe's order. */
function planes(
  samples: ArrayLike<number>,
  width: number,
  height: number,
  channels: number,
): FloatImage {
  const pixels = width * height;
  const data = new Float32Array(channels * pixels);
  for (let c = 0; c < channels; c++) {
    const plane = channels === 3 ? 2 - c : c;
    for (let i = 0; i < pixels; i++) data[plane * pixels + i] = samples[i * channels + c]!;
  }
  return { channels, height, width, data };
}

/**
 * Reads what an image should have been segmented into: a contour file (class 1 inside), or a label
 * image whose values are classes; one of black and white alone is a mask, white class 1.
 */
export async function readLabel(path: string, width: number, height: number): Promise<ClassMap> {
  if (extname(path).toLowerCase() === ".txt") {
    const classes = contourMask(await readContour(path), width, height).data;
    return { width, height, classes };
  }
  const image = await readImage(path);
  if (image.width !== width || image.height !== height) {
    throw new DataSourceError(
      `the label ${path} is ${image.width} x ${image.height}, the image ${width} x ${height}`,
    );
  }
  const plane = image.data.subarray(0, width * height);
  const isMask = plane.every((value) => value === 0 || value === 255);
  const classes = Uint8Array.from(plane, (value) => (isMask ? Math.sign(value) : value));
  return { width, height, classes };
}
