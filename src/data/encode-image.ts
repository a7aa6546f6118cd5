/** @file Images as files in memory, byte for byte as OpenCV's `imencode` writes them. */
import { constants, crc32, deflateSync } from "node:zlib";
import type { BytePlanes } from "./resize.ts";

/** What can be written; `jpg` has OpenCV's quality of 95, and half the resolution of colours. */
export type ImageEncoding = "png" | "jpg";

/** One plane (gray) or three (blue, green, red), 8 bits a value. */
export async function encodeImage(image: BytePlanes, encoding: ImageEncoding): Promise<Uint8Array> {
  return encoding === "png" ? pngOf(image) : jpegOf(image);
}

/** Pixels after one another, red, green, blue. */
function pixelsOf({ channels, height, width, data }: BytePlanes): Buffer {
  if (channels === 1) return Buffer.from(data);
  const area = height * width;
  const pixels = Buffer.alloc(channels * area);
  for (let c = 0; c < channels; c++) {
    const plane = (channels - 1 - c) * area;
    for (let i = 0; i < area; i++) pixels[channels * i + c] = data[plane + i]!;
  }
  return pixels;
}

/** The header that libjpeg writes by itself, and libvips leaves out: JFIF 1.1, pixels of no size. */
const JFIF = Buffer.from("ffe000104a46494600010100000100010000", "hex");

async function jpegOf(image: BytePlanes): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  const { channels, height, width } = image;
  const raw = { channels: channels === 1 ? (1 as const) : (3 as const), height, width };
  const bytes = await sharp(pixelsOf(image), { raw })
    .toColourspace(channels === 1 ? "b-w" : "srgb")
    .jpeg({ quality: 95, chromaSubsampling: "4:2:0", optimizeCoding: false })
    .toBuffer();
  return Buffer.concat([bytes.subarray(0, 2), JFIF, bytes.subarray(2)]);
}

const SIGNATURE = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
const COLOR_TYPES: Readonly<Record<number, number>> = { 1: 0, 3: 2 };
/** libpng cuts the pixels into pieces of this size. */
const PIECE_BYTES = 8192;

/** OpenCV's choices: each pixel less its left neighbour, then the fastest packing of runs. */
function pngOf(image: BytePlanes): Uint8Array {
  const { channels, height, width } = image;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, COLOR_TYPES[channels]!], 8);
  const packed = packRows(filteredRows(pixelsOf(image), channels, width * channels));
  const pieces: Buffer[] = [];
  for (let at = 0; at < packed.length; at += PIECE_BYTES) {
    pieces.push(chunk("IDAT", packed.subarray(at, at + PIECE_BYTES)));
  }
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    ...pieces,
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** Each row after the number of its filter: 1, what differs from the pixel to the left. */
function filteredRows(pixels: Buffer, channels: number, rowBytes: number): Buffer {
  const rows = Buffer.alloc(pixels.length + pixels.length / rowBytes);
  // A single column has no left neighbours, and libpng then filters nothing.
  const filter = rowBytes === channels ? 0 : 1;
  for (let from = 0, to = 0; from < pixels.length; from += rowBytes) {
    rows[to++] = filter;
    for (let x = 0; x < rowBytes; x++) {
      const left = x < channels ? 0 : pixels[from + x - channels]!;
      rows[to++] = pixels[from + x]! - left;
    }
  }
  return rows;
}

/** zlib with the window that libpng chooses for so many bytes (png_deflate_claim). */
function packRows(rows: Buffer): Buffer {
  let windowBits = 15;
  while (windowBits > 9 && rows.length + 262 <= 2 ** (windowBits - 1)) windowBits--;
  const strategy = constants.Z_RLE;
  return withSmallestWindow(deflateSync(rows, { level: 1, strategy, windowBits }), rows.length);
}

/** States the smallest window that holds so many bytes in zlib's header (libpng's optimize_cmf). */
function withSmallestWindow(packed: Buffer, size: number): Buffer {
  let windowBits = (packed[0]! >> 4) + 8;
  while (windowBits > 8 && size <= 2 ** (windowBits - 1)) windowBits--;
  packed[0] = (packed[0]! & 0x0f) | ((windowBits - 8) << 4);
  const flags = packed[1]! & 0xe0;
  // The header as a whole is a multiple of 31.
  packed[1] = flags + 31 - ((packed[0]! * 256 + flags) % 31);
  return packed;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(data.length + 12);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, "latin1");
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, data.length + 8)), data.length + 8);
  return bytes;
}
