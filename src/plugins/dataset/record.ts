/** @file An image as a record of a database, as DIGITS writes it. */
import { encodeDatum, encodePng, type Planes } from "../../data/index.ts";
import { DataSourceError } from "../../errors.ts";

/** How a record holds its values: as numbers, or as a PNG file. */
export type RecordEncoding = "none" | "png";

export function shapeText({ channels, height, width }: Planes): string {
  return `(${channels}, ${height}, ${width})`;
}

/**
 * The bytes of a Datum, as `array_to_datum` of DIGITS' `create_generic_db.py` makes them: bytes stay bytes, anything
 * else becomes floats; the label field is 0.
 *
 * @param image planes in Caffe's order, blue, green, red
 * @throws DataSourceError when a PNG cannot hold the values.
 */
export async function encodeRecord(image: Planes, encoding: RecordEncoding): Promise<Uint8Array> {
  const { channels, height, width, data } = image;
  const size = { channels, height, width, label: 0 };
  if (encoding === "png") {
    const png = await encodePng({ channels, height, width, data: wholeNumbers(data) });
    return encodeDatum({ ...size, data: png, encoded: true });
  }
  if (data instanceof Uint8Array) return encodeDatum({ ...size, data });
  const floatData = data instanceof Float32Array ? data : Float32Array.from(data);
  return encodeDatum({ ...size, floatData });
}

function wholeNumbers(data: Planes["data"]): Uint8Array | Uint16Array {
  if (!(data instanceof Float32Array)) return data;
  const wrong = data.find((value) => !Number.isInteger(value) || value < 0 || value > 65535);
  if (wrong !== undefined) {
    throw new DataSourceError(
      `a PNG record holds whole numbers from 0 to 65535, not ${wrong}; use encoding none`,
    );
  }
  return Uint16Array.from(data);
}

/** Room for `length` values of the same kind. */
export function likeData<Data extends Planes["data"]>(data: Data, length: number): Planes["data"] {
  if (data instanceof Uint8Array) return new Uint8Array(length);
  return data instanceof Uint16Array ? new Uint16Array(length) : new Float32Array(length);
}

/** The same plane in each of `count` channels. */
export function repeatChannel(image: Planes, count: number): Planes {
  const data = likeData(image.data, image.data.length * count);
  for (let c = 0; c < count; c++) data.set(image.data, c * image.data.length);
  return { ...image, channels: count, data };
}
