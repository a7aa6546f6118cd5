/** @file The values of blobs as NVIDIA's fork writes them, brought into the usual fields. */
import { floatsFromBytes } from "./float-runs.ts";
import type { FieldValues } from "./message.ts";

/** Turns `raw_data` and `raw_diff` (doubles, floats or halves) into `data` and `diff`. */
export function convertRawData(blob: FieldValues): void {
  convert(blob, "data", "rawData", "rawDataType");
  convert(blob, "diff", "rawDiff", "rawDiffType");
}

function convert(blob: FieldValues, key: "data" | "diff", rawKey: string, typeKey: string): void {
  const raw = blob[rawKey];
  if (!(raw instanceof Uint8Array)) return;
  const type = blob[typeKey] ?? "DOUBLE";
  if (type === "FLOAT") blob[key] = floatsFromBytes(Float32Array, [raw]);
  else if (type === "FLOAT16") blob[key] = floatsFromHalves(raw);
  else if (type !== "DOUBLE") throw new RangeError(`blobs of type ${type} cannot be read`);
  else {
    blob[key === "data" ? "doubleData" : "doubleDiff"] = floatsFromBytes(Float64Array, [raw]);
  }
  delete blob[rawKey];
  delete blob[typeKey];
}

/** IEEE 754 binary16: 1 sign bit, 5 exponent bits with bias 15, 10 fraction bits. */
function floatsFromHalves(bytes: Uint8Array): Float32Array {
  if (bytes.length % 2 !== 0) throw new RangeError("an odd number of bytes is no list of halves");
  const floats = new Float32Array(bytes.length / 2);
  for (let i = 0; i < floats.length; i++) {
    const bits = bytes[2 * i]! | (bytes[2 * i + 1]! << 8);
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    let size: number;
    if (exponent === 31) size = fraction === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
    else if (exponent === 0) size = fraction * 2 ** -24;
    else size = (1024 + fraction) * 2 ** (exponent - 25);
    floats[i] = bits & 0x8000 ? -size : size;
  }
  return floats;
}
