/** @file BMP and PNM images, which sharp does not read. */
import { MAX_PIXELS, type StoredImage, storedPlanes } from "../../data/index.ts";
import { DataSourceError } from "../../errors.ts";

/** Binary PGM and PPM, 8 or 16 bits. */
export function decodePnm(bytes: Uint8Array): StoredImage {
  const head = Buffer.from(bytes.subarray(0, 512)).toString("latin1");
  const gap = "(?:\\s|#[^\\n]*\\n)+";
  const match = new RegExp(`^P([56])${gap}(\\d+)${gap}(\\d+)${gap}(\\d+)\\s`).exec(head);
  if (!match) throw new DataSourceError("its PNM header is damaged");
  const [width, height, most] = match.slice(2).map(Number) as [number, number, number];
  const channels = match[1] === "6" ? 3 : 1;
  const wide = most > 255;
  const count = checkedPixels(width, height) * channels;
  const body = bytes.subarray(match[0].length);
  if (body.length < count * (wide ? 2 : 1)) throw new DataSourceError("its pixels end early");
  const samples = wide
    ? Uint16Array.from({ length: count }, (_, i) => (body[2 * i]! << 8) | body[2 * i + 1]!)
    : body.subarray(0, count);
  return storedPlanes(samples, width, height, channels, channels);
}

/** Uncompressed BMP: 8 bits with a palette, or 24 or 32 bits. */
export function decodeBmp(bytes: Uint8Array): StoredImage {
  if (bytes.length < 54) throw new DataSourceError("its BMP header is cut off");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dataOffset = view.getUint32(10, true);
  const headerSize = view.getUint32(14, true);
  const width = view.getInt32(18, true);
  // A negative height means that the first row comes first.
  const signedHeight = view.getInt32(22, true);
  const height = Math.abs(signedHeight);
  const bits = view.getUint16(28, true);
  const compression = view.getUint32(30, true);
  if (![8, 24, 32].includes(bits) || (compression !== 0 && !(bits === 32 && compression === 3))) {
    throw new DataSourceError(
      `is a BMP of ${bits} bits with compression ${compression}, which is not supported`,
    );
  }
  checkedPixels(width, height);
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (dataOffset + stride * height > bytes.length)
    throw new DataSourceError("its pixels end early");
  const step = bits / 8;
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    const row = dataOffset + (signedHeight > 0 ? height - 1 - y : y) * stride;
    for (let x = 0; x < width; x++, to += 3) {
      const at = bits === 8 ? 14 + headerSize + 4 * bytes[row + x]! : row + x * step;
      for (let c = 0; c < 3; c++) rgb[to + c] = bytes[at + 2 - c] ?? 0;
    }
  }
  const isGray = bits === 8 && rgb.every((value, i) => value === rgb[i - (i % 3)]);
  return storedPlanes(rgb, width, height, 3, isGray ? 1 : 3);
}

function checkedPixels(width: number, height: number): number {
  if (!(width > 0 && height > 0 && width * height <= MAX_PIXELS)) {
    throw new DataSourceError(`it claims to have ${width}x${height} pixels`);
  }
  return width * height;
}
