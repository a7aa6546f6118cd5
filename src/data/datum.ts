/** @file Datum: one record of a dataset, an array of channels x height x width with a label. */
import { DataSourceError } from "../errors.ts";
import { type Datum, decodeMessage, encodeMessage } from "../schema/index.ts";

/** Values with the axes (channel, row, column). */
export interface Planes {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly data: Uint8Array | Uint16Array | Float32Array;
}

/**
 * Reads a record. `data` is a view of `bytes`, not a copy.
 * @param what how an error names the record
 * @throws DataSourceError when the bytes are no Datum, or end too early
 */
export function decodeDatum(bytes: Uint8Array, what = "the record"): Datum {
  try {
    return decodeMessage("Datum", bytes, { fileName: what });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataSourceError(reason, { cause });
  }
}

export function encodeDatum(datum: Datum): Uint8Array {
  return encodeMessage("Datum", datum);
}

/**
 * The values of a record that is no encoded image: its bytes, or else its floats.
 * @throws DataSourceError when their number is not channels x height x width
 */
export function datumPlanes(datum: Datum, what = "the record"): Planes {
  const { channels = 0, height = 0, width = 0 } = datum;
  const data = datum.data?.length ? datum.data : (datum.floatData ?? new Float32Array(0));
  const wanted = channels * height * width;
  if (data.length !== wanted || !(channels > 0 && height > 0 && width > 0)) {
    throw new DataSourceError(
      `${what}: a shape of ${channels} x ${height} x ${width} needs ${wanted} values, but there are ${data.length}`,
    );
  }
  return { channels, height, width, data };
}
