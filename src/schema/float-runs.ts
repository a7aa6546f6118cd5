/** @file Lists of floats in binary messages: bytes are copied once, into or out of typed arrays. */
import type { FloatArrayType } from "./descriptor.ts";

/** Protobuf stores floats in little-endian order, and so does every processor that Node.js runs on. */
const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Joins pieces of packed floats.
 * @throws RangeError if a piece ends inside a number
 */
export function floatsFromBytes(
  type: FloatArrayType,
  pieces: readonly Uint8Array[],
): Float32Array | Float64Array {
  const size = type.BYTES_PER_ELEMENT;
  let bytes = 0;
  for (const piece of pieces) {
    if (piece.length % size !== 0) {
      throw new RangeError(`${piece.length} bytes are no list of ${size}-byte numbers`);
    }
    bytes += piece.length;
  }
  const floats = new type(bytes / size);
  const target = bytesOf(floats);
  let at = 0;
  for (const piece of pieces) {
    target.set(piece, at);
    at += piece.length;
  }
  return floats;
}

/** Bytes of a list from which on its tag and length take the three bytes that `floatsInPlace` needs. */
const LEAST_IN_PLACE = 128;

/**
 * Floats where a packed list of them lies, moved to an address that is a multiple of four: over its tag
 * and length, which come before it. So a file of weights takes its own size in memory, not twice that.
 * @returns undefined where a list is too short for that, or not one of whole floats
 */
export function floatsInPlace(piece: Uint8Array): Float32Array | undefined {
  const { buffer, byteOffset, length } = piece;
  const size = Float32Array.BYTES_PER_ELEMENT;
  if (!littleEndian || length < LEAST_IN_PLACE || length % size !== 0) return undefined;
  const aligned = byteOffset - (byteOffset % size);
  if (aligned !== byteOffset) {
    new Uint8Array(buffer).copyWithin(aligned, byteOffset, byteOffset + length);
  }
  return new Float32Array(buffer, aligned, length / size);
}

/** The bytes of floats as protobuf packs them; a view, not a copy. */
export function bytesOf(floats: Float32Array | Float64Array): Uint8Array {
  if (!littleEndian) throw new Error("internal: big-endian processors are not supported");
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
}

/**
 * Collects numbers that are not packed: as long as the same tag follows, one number after it.
 * @param tagStart where the first tag starts; its number starts at `valueStart`
 * @returns the numbers' bytes without the tags, and where the run ends
 */
export function collectRun(
  bytes: Uint8Array,
  tagStart: number,
  valueStart: number,
  end: number,
  size: number,
): { readonly piece: Uint8Array; readonly end: number } {
  const tagLength = valueStart - tagStart;
  const stride = tagLength + size;
  let count = 1;
  while (tagStart + (count + 1) * stride <= end) {
    if (!sameTag(bytes, tagStart, tagStart + count * stride, tagLength)) break;
    count++;
  }
  const piece = new Uint8Array(count * size);
  for (let i = 0; i < count; i++) {
    const from = valueStart + i * stride;
    for (let k = 0; k < size; k++) piece[i * size + k] = bytes[from + k]!;
  }
  return { piece, end: tagStart + count * stride };
}

function sameTag(bytes: Uint8Array, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[a + i] !== bytes[b + i]) return false;
  return true;
}

/** Writes each number after its tag, as files of unpacked fields have them. */
export function spreadRun(floats: Float32Array | Float64Array, tag: Uint8Array): Uint8Array {
  const source = bytesOf(floats);
  const size = floats.BYTES_PER_ELEMENT;
  const stride = tag.length + size;
  const bytes = new Uint8Array(floats.length * stride);
  for (let i = 0; i < floats.length; i++) {
    const at = i * stride;
    // Byte by byte: for one or two bytes a call of set costs more than all the rest.
    for (let k = 0; k < tag.length; k++) bytes[at + k] = tag[k]!;
    for (let k = 0; k < size; k++) bytes[at + tag.length + k] = source[i * size + k]!;
  }
  return bytes;
}
