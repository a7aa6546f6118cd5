/** @file Images as OpenCV hands them to Caffe: planes in the order blue, green, red, alpha. */
import type { Sharp, SharpOptions } from "sharp";
import { DataSourceError } from "../errors.ts";
import { untransformedJpeg } from "./jpeg-luma.ts";
import { decodePlainImage } from "./plain-image.ts";

/** A decoded image: `data` has the axes (channel, row, column). */
export interface Image {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** 0 to 255, or 0 to 65535 where the file has 16 bits a channel. */
  readonly data: Uint8Array | Uint16Array;
}

/**
 * How channels come out: "native" as the file has them (gray 1, color 3, with alpha 4), "color" always
 * 3 and "gray" always 1, both with 8 bits.
 */
export type ColorMode = "native" | "color" | "gray";

/** A larger image is refused before memory is reserved for it. */
export const MAX_PIXELS = 64 * 2 ** 20;

const FORMATS: ReadonlySet<string> = new Set(["jpeg", "png", "tiff", "webp"]);

/**
 * Decodes a JPEG, PNG, TIFF or WebP file in a thread of libuv's pool, and a plain BMP, PGM or PPM.
 *
 * JPEGs come out as libjpeg-turbo's do, to the bit. Color profiles are ignored; the orientation tag
 * counts unless the mode is "native", as in OpenCV.
 * @param what how an error names the image: a path, or a database and a key
 * @throws DataSourceError when it is no such image, damaged, or has more than 64 Mpx
 */
export async function decodeImage(
  bytes: Uint8Array,
  what: string,
  mode: ColorMode = "native",
): Promise<Image> {
  const decoded =
    decodePlainImage(bytes, what, MAX_PIXELS) ?? (await decodeWithLibrary(bytes, what, mode));
  const { format, channels, height, width } = decoded;
  const pixels = mode === "native" ? decoded.pixels : narrowed(decoded.pixels, format);
  const planes = planesOf(pixels, channels, mode, format);
  return { channels: planes.length / (height * width), height, width, data: inMode(planes, mode) };
}

async function decodeWithLibrary(bytes: Uint8Array, what: string, mode: ColorMode) {
  const { format, isGray, is16Bit } = await inspect(bytes, what);
  const luma = mode === "gray" && format === "jpeg" ? untransformedJpeg(bytes) : undefined;
  const options: SharpOptions = { limitInputPixels: MAX_PIXELS, ignoreIcc: true };
  let pipeline = (await library())(luma ?? bytes, options);
  if (mode !== "native") pipeline = pipeline.autoOrient().removeAlpha();
  if (isGray) pipeline = pipeline.toColourspace(is16Bit ? "grey16" : "b-w");
  else if (is16Bit) pipeline = pipeline.toColourspace("rgb16");
  const raw = await rawPixels(pipeline, is16Bit, what);
  return luma
    ? { ...raw, format, channels: 1, pixels: everyThird(raw.pixels) }
    : { ...raw, format };
}

/**
 * Encodes one plane (gray) or three (blue, green, red) as PNG, lossless, 8 or 16 bits a channel.
 * @throws DataSourceError for another number of channels
 */
export async function encodePng({ channels, height, width, data }: Image): Promise<Uint8Array> {
  if (channels !== 1 && channels !== 3) {
    throw new DataSourceError(`a PNG takes 1 or 3 channels here, not ${channels}`);
  }
  const pixels = interleaved(data, channels, height * width);
  let pipeline = (await library())(pixels, { raw: { width, height, channels } });
  if (data instanceof Uint16Array)
    pipeline = pipeline.toColourspace(channels === 1 ? "grey16" : "rgb16");
  else if (channels === 1) pipeline = pipeline.toColourspace("b-w");
  return await pipeline.png().toBuffer();
}

/** libvips takes a while to load: only where images are. */
async function library() {
  return (await import("sharp")).default;
}

async function inspect(bytes: Uint8Array, what: string) {
  const sharp = await library();
  const { format, channels, depth, width, height } = await attempt(what, () =>
    sharp(bytes, { limitInputPixels: false }).metadata(),
  );
  if (!FORMATS.has(format)) {
    throw new DataSourceError(`${what}: a ${format} image; use JPEG, PNG, TIFF or WebP`);
  }
  if (width * height > MAX_PIXELS) {
    throw new DataSourceError(
      `${what}: ${width} x ${height} pixels are more than an image may have (${MAX_PIXELS})`,
    );
  }
  return { format, isGray: channels === 1, is16Bit: depth === "ushort" };
}

async function rawPixels(pipeline: Sharp, is16Bit: boolean, what: string) {
  const { data, info } = await attempt(what, () =>
    pipeline.raw({ depth: is16Bit ? "ushort" : "uchar" }).toBuffer({ resolveWithObject: true }),
  );
  const pixels = is16Bit
    ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2)
    : new Uint8Array(data.buffer, data.byteOffset, data.length);
  return { pixels, channels: info.channels, height: info.height, width: info.width };
}

/** 16-bit values as bytes, where that comes before gray is made of colors: libtiff rounds them, PNMs lose the lower half. */
function narrowed(pixels: Uint8Array | Uint16Array, format: string): Uint8Array | Uint16Array {
  if (pixels instanceof Uint8Array) return pixels;
  if (format === "tiff") return Uint8Array.from(pixels, (v) => Math.floor((v + 128) / 257));
  return format === "pnm" ? Uint8Array.from(pixels, (v) => v >> 8) : pixels;
}

/** From red, green, blue (, alpha) side by side to planes of blue, green, red (, alpha), or of gray. */
function planesOf(
  pixels: Uint8Array | Uint16Array,
  channels: number,
  mode: ColorMode,
  format: string,
): Uint8Array | Uint16Array {
  if (channels === 1 && mode !== "color") return pixels;
  const area = pixels.length / channels;
  const make = (planes: number) =>
    pixels instanceof Uint8Array ? new Uint8Array(planes * area) : new Uint16Array(planes * area);
  if (channels === 1) {
    const planes = make(3);
    for (let c = 0; c < 3; c++) planes.set(pixels, c * area);
    return planes;
  }
  if (mode === "gray") return grayOf(pixels, channels, format);
  const planes = make(channels);
  for (let c = 0; c < channels; c++) {
    const from = c < 3 ? 2 - c : c;
    for (let i = 0; i < area; i++) planes[c * area + i] = pixels[i * channels + from]!;
  }
  return planes;
}

/** How much red, green and blue count, in units of 2^-shift. */
interface LumaWeights {
  readonly red: number;
  readonly green: number;
  readonly blue: number;
  readonly shift: number;
}

/** BT.601 luma as the libraries below OpenCV have it, one for each format. */
const LUMA: Readonly<Record<string, LumaWeights>> = {
  jpeg: { red: 19595, green: 38470, blue: 7471, shift: 16 },
  png: { red: 9797, green: 19234, blue: 3737, shift: 15 },
  tiff: { red: 4899, green: 9617, blue: 1868, shift: 14 },
  webp: { red: 9798, green: 19235, blue: 3735, shift: 15 },
  bmp: { red: 4899, green: 9617, blue: 1868, shift: 14 },
  pnm: { red: 4899, green: 9617, blue: 1868, shift: 14 },
};

function grayOf(
  pixels: Uint8Array | Uint16Array,
  channels: number,
  format: string,
): Uint8Array | Uint16Array {
  const { red, green, blue, shift } = LUMA[format] ?? LUMA.png!;
  const isDeep = pixels instanceof Uint16Array;
  // libpng rounds 16-bit values only.
  const half = format === "png" && !isDeep ? 0 : 2 ** (shift - 1);
  const area = pixels.length / channels;
  const gray = isDeep ? new Uint16Array(area) : new Uint8Array(area);
  for (let i = 0; i < area; i++) {
    const at = i * channels;
    const sum = red * pixels[at]! + green * pixels[at + 1]! + blue * pixels[at + 2]!;
    gray[i] = (sum + half) >>> shift;
  }
  return gray;
}

/** The first of three channels side by side. */
function everyThird(pixels: Uint8Array | Uint16Array): Uint8Array {
  return Uint8Array.from({ length: pixels.length / 3 }, (_, i) => pixels[3 * i]!);
}

/** All modes but "native" have 8 bits: the upper ones, as libpng leaves them. */
function inMode(planes: Uint8Array | Uint16Array, mode: ColorMode): Uint8Array | Uint16Array {
  if (mode === "native" || planes instanceof Uint8Array) return planes;
  return Uint8Array.from(planes, (value) => value >> 8);
}

function interleaved(planes: Uint8Array | Uint16Array, channels: number, area: number) {
  // A copy, which the `slice` of a Buffer would not be.
  const pixels = planes instanceof Uint8Array ? new Uint8Array(planes) : new Uint16Array(planes);
  if (channels === 3) {
    for (let c = 0; c < 3; c++) {
      for (let i = 0; i < area; i++) pixels[i * 3 + c] = planes[(2 - c) * area + i]!;
    }
  }
  return pixels;
}

async function attempt<T>(what: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new DataSourceError(`${what}: the image cannot be decoded: ${reason}`, { cause });
  }
}
