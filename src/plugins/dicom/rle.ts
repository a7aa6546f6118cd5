/** @file RLE Lossless (DICOM PS3.5 annex G): PackBits, one segment a byte plane. */
import { DataSourceError } from "../../errors.ts";

/** PackBits makes at most 128 bytes of 2. */
const MAX_RATIO = 64;

/**
 * Decodes one frame to native byte order (little endian), samples interleaved.
 *
 * @param pixels rows * columns
 * @param samples samples per pixel
 * @param sampleBytes bytes per sample; each has a segment, the most significant first, sample after sample
 */
export function decodeRle(
  stream: Uint8Array,
  pixels: number,
  samples: number,
  sampleBytes: number,
): Uint8Array {
  const segments = segmentsOf(stream, samples * sampleBytes);
  for (const segment of segments) {
    if (segment.length * MAX_RATIO < pixels) throw new DataSourceError("its RLE data ends early");
  }
  const stride = samples * sampleBytes;
  const out = new Uint8Array(pixels * stride);
  segments.forEach((segment, index) => {
    const sample = Math.floor(index / sampleBytes);
    const byte = sampleBytes - 1 - (index % sampleBytes);
    unpackBits(segment, out, sample * sampleBytes + byte, stride);
  });
  return out;
}

function segmentsOf(stream: Uint8Array, expected: number): Uint8Array[] {
  if (stream.length < 64) throw new DataSourceError("its RLE header is cut off");
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  const count = view.getUint32(0, true);
  if (count !== expected) {
    throw new DataSourceError(
      `its RLE header names ${count} segments; this image needs ${expected}`,
    );
  }
  const offsets = Array.from({ length: count }, (_, i) => view.getUint32(4 + 4 * i, true));
  return offsets.map((offset, i) => {
    const end = offsets[i + 1] ?? stream.length;
    if (offset < 64 || end < offset || end > stream.length) {
      throw new DataSourceError("its RLE segments lie outside the frame");
    }
    return stream.subarray(offset, end);
  });
}

/** Writes the unpacked bytes of `segment` at `start`, `start + stride`, ... until `out` is full. */
function unpackBits(segment: Uint8Array, out: Uint8Array, start: number, stride: number): void {
  let at = 0;
  let to = start;
  while (to < out.length) {
    if (at >= segment.length) throw new DataSourceError("its RLE data ends early");
    const control = segment[at++]!;
    if (control === 128) continue;
    const repeat = control > 128;
    const count = repeat ? 257 - control : control + 1;
    if (at + (repeat ? 1 : count) > segment.length) {
      throw new DataSourceError("its RLE data ends early");
    }
    for (let i = 0; i < count && to < out.length; i++, to += stride) {
      out[to] = segment[repeat ? at : at + i]!;
    }
    at += repeat ? 1 : count;
  }
}
