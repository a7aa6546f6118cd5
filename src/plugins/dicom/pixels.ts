/** @file From the pixel data element to stored values, whatever the transfer syntax. */
import { inflateRawSync } from "node:zlib";
import { DataSourceError } from "../../errors.ts";
import type { Element } from "./elements.ts";
import type { DataSet } from "./file.ts";
import { frameStreams } from "./fragments.ts";
import type { Frame, FrameSize } from "./frame.ts";
import { type DicomHeader, PixelData } from "./header.ts";
import { decodeJpeg } from "./jpeg/decode.ts";
import { decodeRle } from "./rle.ts";
import {
  createValues,
  expand422,
  extractStoredBits,
  interleavePlanes,
  type PixelValues,
  readNative,
} from "./samples.ts";
import { decodeJpeg2000, decodeJpegLs } from "./wasm-codecs.ts";

/** Larger frames and volumes are refused before any memory is taken for them. */
const MAX_FRAME_PIXELS = 64 * 1024 * 1024;
const MAX_VALUES = 512 * 1024 * 1024;

/** Decodes one compressed frame; takes memory for its values only once the stream has proved to be sound. */
type FrameDecoder = (stream: Uint8Array, header: DicomHeader) => Promise<PixelValues>;

/** Decoders by transfer syntax; what is not here is uncompressed or unknown. */
const DECODERS: ReadonlyMap<string, FrameDecoder> = new Map([
  ["1.2.840.10008.1.2.5", rle],
  ["1.2.840.10008.1.2.8.1", deflatedFrame],
  ...["50", "51", "53", "55", "57", "70"].map((n) => [`1.2.840.10008.1.2.4.${n}`, jpeg] as const),
  ...["80", "81"].map((n) => [`1.2.840.10008.1.2.4.${n}`, jpegLs] as const),
  ...["90", "91", "201", "202", "203"].map((n) => [`1.2.840.10008.1.2.4.${n}`, jpeg2000] as const),
]);

const NATIVE: ReadonlySet<string> = new Set([
  "1.2.840.10008.1.2",
  "1.2.840.10008.1.2.1",
  "1.2.840.10008.1.2.1.99",
  "1.2.840.10008.1.2.2",
]);

/** @returns frames * rows * columns * samples stored values, C order, samples interleaved. */
export async function readPixels(data: DataSet, header: DicomHeader): Promise<PixelValues> {
  const { rows, columns, frames, samplesPerPixel } = header;
  if (rows * columns > MAX_FRAME_PIXELS || rows * columns * frames * samplesPerPixel > MAX_VALUES) {
    throw new DataSourceError(
      `announces ${frames} frames of ${columns}x${rows}x${samplesPerPixel}; this is more than can be read`,
    );
  }
  const element =
    data.elements.get(PixelData.integer) ??
    data.elements.get(PixelData.float) ??
    data.elements.get(PixelData.double);
  if (!element) throw new DataSourceError("has no pixel data");
  if (!element.fragments) return readUncompressed(data, element, header);
  const decode = DECODERS.get(data.transferSyntax);
  if (!decode) {
    throw new DataSourceError(`has transfer syntax ${data.transferSyntax}, which is not supported`);
  }
  const streams = frameStreams(data.bytes, element, frames);
  const first = await decode(streams[0]!, header);
  if (frames === 1) return first;
  const values = createValues(header.format, first.length * frames);
  values.set(first);
  for (const [frame, stream] of streams.entries()) {
    if (frame > 0) values.set(await decode(stream, header), frame * first.length);
  }
  return values;
}

function readUncompressed(data: DataSet, element: Element, header: DicomHeader): PixelValues {
  if (!NATIVE.has(data.transferSyntax)) {
    throw new DataSourceError(
      DECODERS.has(data.transferSyntax)
        ? "says that its pixel data is compressed, but it is not in fragments"
        : `has transfer syntax ${data.transferSyntax}, which is not supported`,
    );
  }
  const { rows, columns, frames, samplesPerPixel: samples, format } = header;
  const subsampled = header.photometric === "YBR_FULL_422" && samples === 3;
  const frameLength = rows * columns * samples;
  const storedSamples = (subsampled ? rows * columns * 2 : frameLength) * frames;
  const needed = Math.ceil((storedSamples * format.bitsAllocated) / 8);
  if (element.length < needed) {
    throw new DataSourceError(
      `its pixel data has ${element.length} bytes; ${frames > 1 ? `${frames} frames of ` : ""}` +
        `${columns}x${rows} with ${samples} sample${samples === 1 ? "" : "s"} of ${format.bitsAllocated} bits need ${needed}`,
    );
  }
  const bytes = nativeBytes(data, element, format.bitsAllocated);
  const values = createValues(format, frameLength * frames);
  if (subsampled) {
    if (format.bitsAllocated !== 8 || columns % 2 !== 0) {
      throw new DataSourceError(
        "is YBR_FULL_422 with an odd number of columns or more than 8 bits",
      );
    }
    expand422(bytes, values);
    return values;
  }
  readNative(bytes, format, data.encoding.littleEndian, values);
  if (header.planar && samples > 1) {
    for (let frame = 0; frame < frames; frame++) {
      interleavePlanes(values.subarray(frame * frameLength, (frame + 1) * frameLength), samples);
    }
  }
  return values;
}

/** The element's bytes; big-endian words of samples narrower than a word come byte-swapped (PS3.5 section 8.1.1). */
function nativeBytes(data: DataSet, element: Element, bits: number): Uint8Array {
  const bytes = data.value(element);
  if (data.encoding.littleEndian || element.vr !== "OW" || bits > 8) return bytes;
  return Buffer.from(bytes.subarray(0, bytes.length & ~1)).swap16();
}

async function rle(stream: Uint8Array, header: DicomHeader): Promise<PixelValues> {
  const { rows, columns, samplesPerPixel, format } = header;
  const sampleBytes = Math.ceil(format.bitsAllocated / 8);
  const bytes = decodeRle(stream, rows * columns, samplesPerPixel, sampleBytes);
  if (format.bitsAllocated === 1) return bytes;
  const out = frameValues(header);
  readNative(bytes, format, true, out);
  return out;
}

async function deflatedFrame(stream: Uint8Array, header: DicomHeader): Promise<PixelValues> {
  const { rows, columns, samplesPerPixel, planar, format } = header;
  const needed = Math.ceil((rows * columns * samplesPerPixel * format.bitsAllocated) / 8);
  let bytes: Uint8Array;
  try {
    bytes = inflateRawSync(stream, { maxOutputLength: needed + 1024 });
  } catch (cause) {
    throw new DataSourceError("its deflated frame is damaged", { cause });
  }
  if (bytes.length < needed) throw new DataSourceError("its deflated frame ends early");
  const out = frameValues(header);
  readNative(bytes, format, true, out);
  if (planar && samplesPerPixel > 1) interleavePlanes(out, samplesPerPixel);
  return out;
}

async function jpeg(stream: Uint8Array, header: DicomHeader): Promise<PixelValues> {
  const out = store(decodeJpeg(stream, frameSize(header)), header);
  extractStoredBits(out, { ...header.format, highBit: header.format.bitsStored - 1 });
  return out;
}

/**
 * A JPEG-LS stream has no sign, and the decoders of GDCM and DCMTK do not extend one from fewer bits than are
 * allocated; the same is done here, because files exist whose values need all their bits.
 */
async function jpegLs(stream: Uint8Array, header: DicomHeader): Promise<PixelValues> {
  return store(await decodeJpegLs(stream, frameSize(header)), header);
}

/** Where the stream and the header disagree about the sign, the samples are read as the header says. */
async function jpeg2000(stream: Uint8Array, header: DicomHeader): Promise<PixelValues> {
  const frame = await decodeJpeg2000(stream, frameSize(header));
  const out = store(frame, header);
  const { signed, bitsAllocated } = header.format;
  if (frame.signed !== signed && frame.precision < bitsAllocated) {
    const bitsStored = frame.precision;
    extractStoredBits(out, { ...header.format, bitsStored, highBit: bitsStored - 1 });
  }
  return out;
}

function frameValues({ rows, columns, samplesPerPixel, format }: DicomHeader): PixelValues {
  return createValues(format, rows * columns * samplesPerPixel);
}

function frameSize({ rows, columns, samplesPerPixel }: DicomHeader): FrameSize {
  return { rows, columns, components: samplesPerPixel };
}

function store(frame: Frame, header: DicomHeader): PixelValues {
  const { format } = header;
  if (format.float || frame.precision > Math.max(8, format.bitsAllocated)) {
    throw new DataSourceError(
      `its compressed samples have ${frame.precision} bits, but only ${format.bitsAllocated} are allocated`,
    );
  }
  const out = frameValues(header);
  out.set(frame.samples);
  return out;
}
