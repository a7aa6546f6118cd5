/** @file Reading DICOM images: every transfer syntax in common use, to the values as they are stored. */
import { readFile } from "node:fs/promises";
import { CaffeError, DataSourceError } from "../../errors.ts";
import { systemReason } from "../../model-file/index.ts";
import { openDataSet } from "./file.ts";
import { type DicomHeader, readHeader } from "./header.ts";
import { readPixels } from "./pixels.ts";
import type { PixelValues } from "./samples.ts";

export type { DicomHeader, SampleFormat } from "./header.ts";
export type { PixelValues } from "./samples.ts";

/** An image with its stored values: no rescaling, no windowing, no colour conversion. */
export interface DicomImage extends DicomHeader {
  /** `[frames,] rows, columns [, samples]`; frames and samples are left out where there is one. */
  readonly shape: readonly number[];
  /** In C order, the samples of a pixel side by side. */
  readonly values: PixelValues;
}

/** @throws DataSourceError naming the file, when it cannot be read or decoded. */
export async function readDicom(path: string): Promise<DicomImage> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new DataSourceError(`${path}: cannot be read: ${systemReason(cause)}`, { cause });
  }
  return decodeDicom(bytes, path);
}

/**
 * Decodes a DICOM file that is in memory.
 *
 * @param name stands at the head of error messages
 * @throws DataSourceError when the bytes are no DICOM image, are damaged, or use an unknown transfer syntax.
 */
export async function decodeDicom(bytes: Uint8Array, name: string): Promise<DicomImage> {
  return named(name, async () => {
    const data = openDataSet(bytes);
    const header = readHeader(data);
    const values = await readPixels(data, header);
    const { frames, rows, columns, samplesPerPixel: samples } = header;
    const shape = [
      ...(frames > 1 ? [frames] : []),
      rows,
      columns,
      ...(samples > 1 ? [samples] : []),
    ];
    return { ...header, shape, values };
  });
}

/** Puts the file's name before what its decoding complains about; anything unforeseen becomes one sentence too. */
async function named<Result>(name: string, decode: () => Promise<Result>): Promise<Result> {
  try {
    return await decode();
  } catch (cause) {
    const message =
      cause instanceof CaffeError
        ? cause.message
        : `is damaged in a way that was not foreseen (${cause instanceof Error ? cause.message : String(cause)})`;
    throw new DataSourceError(`${name}: ${message}`, { cause });
  }
}
