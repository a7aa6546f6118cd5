/** @file BMP and PNM images, which hold their pixels as they are. */
import { DataSourceError } from "../errors.ts";

/** Red, green, blue side by side, or gray; top row first. */
export interface PlainImage {
  readonly format: "bmp" | "pnm";
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly pixels: Uint8Array | Uint16Array;
}

type Fail = (problem: string) => never;

/**
 * Decodes a BMP of 8, 24 or 32 bits a pixel that is not compressed, or a PGM or PPM (P2, P3, P5, P6).
 * @returns undefined when the bytes begin as neither
 * @throws DataSourceError when it is another kind of these, damaged, or has more than `maxPixels`
 */
export function decodePlainImage(
  bytes: Uint8Array,
  what: string,
  maxPixels: number,
): PlainImage | undefined {
  const fail: Fail = (problem) => {
    throw new DataSourceError(`${what}: the image cannot be decoded: ${problem}`);
  };
  const magic = String.fromCharCode(bytes[0] ?? 0, bytes[1] ?? 0);
  const checkSize = (width: number, height: number) => {
    if (width >= 1 && height >= 1 && width * height <= maxPixels) return;
    throw new DataSourceError(
      `${what}: ${width} x ${height} pixels are more than an image may have (${maxPixels}), or none`,
    );
  };
  if (magic === "BM") return decodeBmp(bytes, checkSize, fail);
  if (/^P[2356]$/.test(magic)) return decodePnm(bytes, checkSize, fail);
  return undefined;
}

type CheckSize = (width: number, height: number) => void;

function decodeBmp(bytes: Uint8Array, checkSize: CheckSize, fail: Fail): PlainImage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 54 || view.getUint32(14, true) < 40) fail("a BMP without a header of today");
  const width = view.getInt32(18, true);
  const signedHeight = view.getInt32(22, true);
  const height = Math.abs(signedHeight);
  const bits = view.getUint16(28, true);
  checkSize(width, height);
  if (view.getUint32(30, true) !== 0) fail("a compressed BMP");
  if (bits !== 8 && bits !== 24 && bits !== 32) fail(`a BMP of ${bits} bits a pixel`);
  const start = view.getUint32(10, true);
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  if (start + rowBytes * height > bytes.length) fail("the BMP ends too early");
  const palette = bits === 8 ? readPalette(bytes, view, start, fail) : undefined;
  const isGray = palette?.every(([blue, green, red]) => blue === green && green === red) ?? false;
  const channels = isGray ? 1 : 3;
  const pixels = new Uint8Array(channels * width * height);
  for (let y = 0; y < height; y++) {
    const row = start + rowBytes * (signedHeight < 0 ? y : height - 1 - y);
    for (let x = 0; x < width; x++) {
      const at = row + (x * bits) / 8;
      const color = palette ? palette[bytes[at]!]! : bytes.subarray(at, at + 3);
      const to = (y * width + x) * channels;
      // Files have blue first.
      for (let c = 0; c < channels; c++) pixels[to + c] = color[channels - 1 - c]!;
    }
  }
  return { format: "bmp", channels, height, width, pixels };
}

/** All 256 colors, black where the file has none. */
function readPalette(bytes: Uint8Array, view: DataView, end: number, fail: Fail): Uint8Array[] {
  const at = 14 + view.getUint32(14, true);
  const count = view.getUint32(46, true) || 256;
  if (count > 256 || at + 4 * count > end) fail("a BMP with a palette that does not fit");
  const black = Uint8Array.of(0, 0, 0);
  return Array.from({ length: 256 }, (_, i) =>
    i < count ? bytes.subarray(at + 4 * i, at + 4 * i + 3) : black,
  );
}

function decodePnm(bytes: Uint8Array, checkSize: CheckSize, fail: Fail): PlainImage {
  const kind = bytes[1]! - 0x30;
  const channels = kind % 3 === 0 ? 3 : 1;
  const numbers = new PnmNumbers(bytes, fail);
  const [width, height, most] = [numbers.next(), numbers.next(), numbers.next()];
  checkSize(width, height);
  if (most !== 255 && most !== 65535) fail(`a PNM of values up to ${most}; use 255 or 65535`);
  const count = channels * width * height;
  const isText = kind < 4;
  // One blank ends the header; what follows takes at least a digit and a blank, or its bytes.
  const start = numbers.at + 1;
  const needed = isText ? 2 * count - 1 : count * (most > 255 ? 2 : 1);
  if (start + needed > bytes.length) fail("the PNM ends too early");
  const pixels = most > 255 ? new Uint16Array(count) : new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    if (isText) pixels[i] = Math.min(numbers.next(), most);
    else if (most > 255) pixels[i] = (bytes[start + 2 * i]! << 8) | bytes[start + 2 * i + 1]!;
    else pixels[i] = bytes[start + i]!;
  }
  return { format: "pnm", channels, height, width, pixels };
}

/** The numbers of a PNM's text, with comments from "#" to the line's end between them. */
class PnmNumbers {
  at = 2;
  readonly #bytes: Uint8Array;
  readonly #fail: Fail;

  constructor(bytes: Uint8Array, fail: Fail) {
    this.#bytes = bytes;
    this.#fail = fail;
  }

  next(): number {
    const bytes = this.#bytes;
    while (bytes[this.at]! <= 0x20 || bytes[this.at] === 0x23) {
      if (bytes[this.at] === 0x23)
        while (this.at < bytes.length && bytes[this.at] !== 0x0a) this.at++;
      this.at++;
    }
    let value = 0;
    const start = this.at;
    while (bytes[this.at]! >= 0x30 && bytes[this.at]! <= 0x39 && this.at - start < 10) {
      value = 10 * value + bytes[this.at++]! - 0x30;
    }
    if (this.at === start) this.#fail(`no number at byte ${start} of the PNM`);
    return value;
  }
}
