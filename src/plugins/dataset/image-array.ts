/** @file An image as planes of numbers, and its record in a database. */
import { encode as encodePng } from "fast-png";
import { DataSourceError } from "../../errors.ts";
import { type Datum, encodeMessage } from "../../schema/index.ts";
import type { PixelValues } from "../dicom/index.ts";

/** Values in the order (C, H, W); three channels are red, green, blue. */
export interface ImageArray {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly values: PixelValues;
}

/** How a record holds its values: as numbers, or as a PNG file. */
export type RecordEncoding = "none" | "png";

export function shapeText({ channels, height, width }: ImageArray): string {
  return `(${channels}, ${height}, ${width})`;
}

/**
 * The bytes of a Datum, as DIGITS makes them (`create_generic_db.py`, `array_to_datum`): bytes stay bytes, anything
 * else becomes floats; unencoded colour images turn to Caffe's blue, green, red; the label field is 0.
 *
 * @throws DataSourceError when a PNG cannot hold the values.
 */
export function encodeRecord(image: ImageArray, encoding: RecordEncoding): Uint8Array {
  const { channels, height, width } = image;
  const size = { channels, height, width, label: 0 };
  if (encoding === "png") {
    return encodeMessage("Datum", { ...size, data: pngOf(image), encoded: true });
  }
  const values = channels === 3 ? reversePlanes(image.values, 3) : image.values;
  const datum: Datum =
    values instanceof Uint8Array
      ? { ...size, data: values }
      : { ...size, floatData: values instanceof Float32Array ? values : Float32Array.from(values) };
  return encodeMessage("Datum", datum);
}

/** Red, green, blue to blue, green, red, or back. */
export function reversePlanes<Values extends PixelValues>(
  values: Values,
  channels: number,
): Values {
  const plane = values.length / channels;
  const out = values.slice() as Values;
  for (let c = 0; c < channels; c++) {
    out.set(values.subarray((channels - 1 - c) * plane, (channels - c) * plane), c * plane);
  }
  return out;
}

/** The same plane in each of `count` channels. */
export function repeatChannel(image: ImageArray, count: number): ImageArray {
  const { values } = image;
  const repeated = new (values.constructor as new (length: number) => PixelValues)(
    values.length * count,
  );
  for (let c = 0; c < count; c++) repeated.set(values, c * values.length);
  return { ...image, channels: count, values: repeated };
}

function pngOf({ channels, height, width, values }: ImageArray): Uint8Array {
  if (channels !== 1 && channels !== 3) {
    throw new DataSourceError(`a PNG record has 1 or 3 channels, not ${channels}`);
  }
  const isByte = values instanceof Uint8Array;
  const data = isByte ? new Uint8Array(values.length) : new Uint16Array(values.length);
  const pixels = height * width;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < pixels; i++) {
      const value = values[c * pixels + i]!;
      data[i * channels + c] = value;
      if (data[i * channels + c] !== value) {
        throw new DataSourceError(
          `a PNG record holds whole numbers from 0 to 65535, not ${value}; use encoding none`,
        );
      }
    }
  }
  return encodePng({ width, height, data, channels, depth: isByte ? 8 : 16 });
}
