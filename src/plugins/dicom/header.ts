/** @file What a DICOM file says about its image: size, sample format, geometry. */
import { DataSourceError } from "../../errors.ts";
import type { DataSet } from "./file.ts";

/** How one stored sample is laid out in its allocated bits. */
export interface SampleFormat {
  /** 1, 8, 16, 32 or 64. */
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  /** The bit, counted from 0, where the stored value's most significant bit lies. */
  readonly highBit: number;
  readonly signed: boolean;
  /** Float Pixel Data (32 bits) or Double Float Pixel Data (64 bits). */
  readonly float: boolean;
}

export interface DicomHeader {
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  /** 1 for grayscale, 3 for colour. */
  readonly samplesPerPixel: number;
  /** Samples of a native colour image are stored plane by plane. */
  readonly planar: boolean;
  readonly format: SampleFormat;
  /** "MONOCHROME2", "RGB", "YBR_FULL", ...; "" when the file does not say. */
  readonly photometric: string;
  readonly transferSyntax: string;
  /** Distance between the centres of neighbouring rows and of neighbouring columns, in mm. */
  readonly pixelSpacingMm: readonly [row: number, column: number] | undefined;
  readonly instanceNumber: number | undefined;
  readonly seriesNumber: number | undefined;
  readonly sliceLocationMm: number | undefined;
  /** Stored value * slope + intercept is the modality's unit; cortado trains on stored values, as DIGITS did. */
  readonly rescale: { readonly slope: number; readonly intercept: number } | undefined;
  readonly window: { readonly center: number; readonly width: number } | undefined;
}

const Tag = {
  seriesNumber: 0x00200011,
  instanceNumber: 0x00200013,
  sliceLocation: 0x00201041,
  samplesPerPixel: 0x00280002,
  photometric: 0x00280004,
  planarConfiguration: 0x00280006,
  numberOfFrames: 0x00280008,
  rows: 0x00280010,
  columns: 0x00280011,
  pixelSpacing: 0x00280030,
  bitsAllocated: 0x00280100,
  bitsStored: 0x00280101,
  highBit: 0x00280102,
  pixelRepresentation: 0x00280103,
  windowCenter: 0x00281050,
  windowWidth: 0x00281051,
  rescaleIntercept: 0x00281052,
  rescaleSlope: 0x00281053,
} as const;

/** The element that holds the pixels, whichever of the three kinds it is. */
export const PixelData = { integer: 0x7fe00010, float: 0x7fe00008, double: 0x7fe00009 } as const;

/** @throws DataSourceError when there is no image, or what describes it is missing or makes no sense. */
export function readHeader(data: DataSet): DicomHeader {
  const format = sampleFormat(data);
  const required = (tag: number, name: string): number => {
    const value = data.uint16(tag);
    if (!value)
      throw new DataSourceError(`has pixel data but no ${name} (or 0), so its size is unknown`);
    return value;
  };
  const frames = data.integer(Tag.numberOfFrames, "Number of Frames") ?? 1;
  if (frames < 1) throw new DataSourceError(`says that it has ${frames} frames`);
  const spacing = data.numbers(Tag.pixelSpacing, 2);
  const slope = data.numbers(Tag.rescaleSlope, 1)?.[0];
  const intercept = data.numbers(Tag.rescaleIntercept, 1)?.[0];
  const center = firstNumber(data, Tag.windowCenter);
  const width = firstNumber(data, Tag.windowWidth);
  return {
    rows: required(Tag.rows, "Rows"),
    columns: required(Tag.columns, "Columns"),
    frames,
    samplesPerPixel: data.uint16(Tag.samplesPerPixel) ?? 1,
    planar: data.uint16(Tag.planarConfiguration) === 1,
    format,
    photometric: data.strings(Tag.photometric)[0] ?? "",
    transferSyntax: data.transferSyntax,
    pixelSpacingMm: spacing && [spacing[0]!, spacing[1]!],
    instanceNumber: looseInteger(data, Tag.instanceNumber),
    seriesNumber: looseInteger(data, Tag.seriesNumber),
    sliceLocationMm: data.numbers(Tag.sliceLocation, 1)?.[0],
    rescale: slope !== undefined && intercept !== undefined ? { slope, intercept } : undefined,
    window: center !== undefined && width !== undefined ? { center, width } : undefined,
  };
}

function sampleFormat(data: DataSet): SampleFormat {
  const { elements } = data;
  if (elements.has(PixelData.float)) return floatFormat(32);
  if (elements.has(PixelData.double)) return floatFormat(64);
  if (!elements.has(PixelData.integer)) {
    throw new DataSourceError(
      "has no pixel data: it is a report, a plan or a directory, not an image",
    );
  }
  const bitsAllocated = data.uint16(Tag.bitsAllocated);
  if (bitsAllocated === undefined) {
    throw new DataSourceError("has pixel data but no Bits Allocated, so it cannot be decoded");
  }
  if (![1, 8, 16, 32].includes(bitsAllocated)) {
    throw new DataSourceError(`has ${bitsAllocated} Bits Allocated; 1, 8, 16 and 32 are supported`);
  }
  const bitsStored = data.uint16(Tag.bitsStored) ?? bitsAllocated;
  const highBit = data.uint16(Tag.highBit) ?? bitsStored - 1;
  if (bitsStored < 1 || highBit >= bitsAllocated || bitsStored > highBit + 1) {
    throw new DataSourceError(
      `cannot store ${bitsStored} bits up to bit ${highBit} in ${bitsAllocated} allocated ones`,
    );
  }
  const signed = data.uint16(Tag.pixelRepresentation) === 1;
  return { bitsAllocated, bitsStored, highBit, signed, float: false };
}

function floatFormat(bits: number): SampleFormat {
  return { bitsAllocated: bits, bitsStored: bits, highBit: bits - 1, signed: true, float: true };
}

function firstNumber(data: DataSet, tag: number): number | undefined {
  const text = data.strings(tag)[0];
  return text && Number.isFinite(Number(text)) ? Number(text) : undefined;
}

/** An integer that the image can do without: nonsense counts as absent. */
function looseInteger(data: DataSet, tag: number): number | undefined {
  const value = firstNumber(data, tag);
  return value !== undefined && Number.isInteger(value) ? value : undefined;
}
