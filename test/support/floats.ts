/** @file Arrays of reference cases: raw little-endian float32 without a header. */
import { readFileSync } from "node:fs";

export function floatsOf(path: string): Float32Array {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}
