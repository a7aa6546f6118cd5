/** @file Stored samples taken out of bytes: bit packing, byte order, sign, unused bits. */
import type { SampleFormat } from "./header.ts";

/** Stored values in the narrowest type that holds every value of the format. */
export type PixelValues =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

export function createValues(format: SampleFormat, length: number): PixelValues {
  const { bitsAllocated: bits, signed, float } = format;
  if (float) return bits === 32 ? new Float32Array(length) : new Float64Array(length);
  if (bits <= 8) return signed && bits === 8 ? new Int8Array(length) : new Uint8Array(length);
  if (bits === 16) return signed ? new Int16Array(length) : new Uint16Array(length);
  return signed ? new Int32Array(length) : new Uint32Array(length);
}

const HOST_IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Reads as many samples as `out` holds from uncompressed bytes; 1-bit samples are packed across frames. */
export function readNative(
  bytes: Uint8Array,
  format: SampleFormat,
  littleEndian: boolean,
  out: PixelValues,
): void {
  const { bitsAllocated: bits, float } = format;
  if (bits === 1) {
    for (let i = 0; i < out.length; i++) out[i] = (bytes[i >> 3]! >> (i & 7)) & 1;
    return;
  }
  if (bits === 8 || (littleEndian && HOST_IS_LITTLE_ENDIAN)) {
    const target = new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
    target.set(bytes.subarray(0, out.byteLength));
  } else {
    const view = new DataView(bytes.buffer, bytes.byteOffset, (out.length * bits) / 8);
    for (let i = 0; i < out.length; i++) {
      if (bits === 16) out[i] = view.getUint16(2 * i, littleEndian);
      else if (bits === 64) out[i] = view.getFloat64(8 * i, littleEndian);
      else
        out[i] = float ? view.getFloat32(4 * i, littleEndian) : view.getUint32(4 * i, littleEndian);
    }
  }
  if (!float) extractStoredBits(out, format);
}

/**
 * Leaves the stored value of each sample: shifted down from the high bit, cleared of bits that are not its own
 * (overlays once lived there), sign-extended where Pixel Representation says signed.
 */
export function extractStoredBits(out: PixelValues, format: SampleFormat): void {
  const { bitsAllocated, bitsStored, highBit, signed } = format;
  if (bitsStored === bitsAllocated) return;
  const left = 31 - highBit;
  const right = 32 - bitsStored;
  if (signed) for (let i = 0; i < out.length; i++) out[i] = (out[i]! << left) >> right;
  else for (let i = 0; i < out.length; i++) out[i] = (out[i]! << left) >>> right;
}

/** YBR_FULL_422: two luminance samples, then the Cb and Cr that both share, spread to one triple a pixel. */
export function expand422(bytes: Uint8Array, out: PixelValues): void {
  for (let from = 0, to = 0; to < out.length; from += 4) {
    for (let pixel = 0; pixel < 2; pixel++, to += 3) {
      out[to] = bytes[from + pixel]!;
      out[to + 1] = bytes[from + 2]!;
      out[to + 2] = bytes[from + 3]!;
    }
  }
}

/** Planes one after the other -> samples of a pixel side by side, in place. */
export function interleavePlanes(values: PixelValues, samples: number): void {
  const planes = values.slice();
  const pixels = values.length / samples;
  for (let s = 0; s < samples; s++) {
    for (let i = 0; i < pixels; i++) values[i * samples + s] = planes[s * pixels + i]!;
  }
}
