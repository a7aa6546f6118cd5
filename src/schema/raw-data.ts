/** @file The values of blobs as NVIDIA's fork writes them, brought into the usual fields. */
import { floatsFromBytes } from "./float-runs.ts";
import type { BlobProto } from "./generated/messages.ts";
import type { FieldValues } from "./message.ts";

/** How values are read, by NVIDIA's names of their formats. */
const FORMATS: Readonly<
  Record<NonNullable<BlobProto["rawDataType"]>, (bytes: Uint8Array) => Float32Array | Float64Array>
> = {
  DOUBLE: (bytes) => floatsFromBytes(Float64Array, [bytes]),
  FLOAT: (bytes) => floatsFromBytes(Float32Array, [bytes]),
  FLOAT16: floatsFromHalves,
  INT: (bytes) => floatsFrom(bytes, 4, (view, at) => view.getInt32(at, true)),
  UINT: (bytes) => floatsFrom(bytes, 4, (view, at) => view.getUint32(at, true)),
  BOOL: (bytes) => floatsFrom(bytes, 1, (view, at) => Number(view.getUint8(at) !== 0)),
};

/**
 * Turns `raw_data` and `raw_diff` into `data` and `diff`, those of doubles into `double_data` and
 * `double_diff`. Like NVIDIA's fork, takes them for doubles where no type is stated, and before
 * values in the usual fields.
 * @throws RangeError where the bytes end inside a value
 */
export function convertRawData(blob: FieldValues): void {
  convert(blob, "data", "doubleData", "rawData", "rawDataType");
  convert(blob, "diff", "doubleDiff", "rawDiff", "rawDiffType");
}

function convert(
  blob: FieldValues,
  key: "data" | "diff",
  doubleKey: "doubleData" | "doubleDiff",
  rawKey: "rawData" | "rawDiff",
  typeKey: "rawDataType" | "rawDiffType",
): void {
  const { [rawKey]: raw, [typeKey]: type = "DOUBLE" } = blob as BlobProto;
  if (raw === undefined || raw.length === 0) return;
  const values = FORMATS[type](raw);
  for (const used of [key, doubleKey, rawKey, typeKey]) delete blob[used];
  blob[values instanceof Float64Array ? doubleKey : key] = values;
}

function floatsFrom(
  bytes: Uint8Array,
  size: number,
  read: (view: DataView, at: number) => number,
): Float32Array {
  if (bytes.length % size !== 0) {
    throw new RangeError(`${bytes.length} bytes are no list of ${size}-byte numbers`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const floats = new Float32Array(bytes.length / size);
  for (let i = 0; i < floats.length; i++) floats[i] = read(view, i * size);
  return floats;
}

/** IEEE 754 binary16: 1 sign bit, 5 exponent bits with bias 15, 10 fraction bits. */
function floatsFromHalves(bytes: Uint8Array): Float32Array {
  return floatsFrom(bytes, 2, (view, at) => {
    const bits = view.getUint16(at, true);
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    let size: number;
    if (exponent === 31) size = fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
    else if (exponent === 0) size = fraction * 2 ** -24;
    else size = (1024 + fraction) * 2 ** (exponent - 25);
    return bits & 0x8000 ? -size : size;
  });
}
