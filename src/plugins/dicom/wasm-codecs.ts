/**
 * @file JPEG-LS by CharLS, JPEG 2000 and High-Throughput JPEG 2000 by OpenJPEG, both compiled to WebAssembly.
 *
 * The modules load when the first such frame is met. They would print to the console; their lines are caught and the
 * errors among them become the message. A module that threw is thrown away, because its memory may be inconsistent.
 */
import { createRequire } from "node:module";
import { DataSourceError } from "../../errors.ts";
import { checkFrameSize, type Frame, type FrameSize } from "./frame.ts";
import { readFrameHeader } from "./jpeg/segments.ts";
import type { CodecOptions, JpegLsDecoder, LoadModule, WasmDecoder } from "./wasm-decoder.ts";

/** A codec module that is loaded at most once, until `discard` is called. */
interface Codec<Decoder extends WasmDecoder> {
  open(): Promise<{ decoder: Decoder; errors: string[] }>;
  discard(): void;
}

function lazyCodec<Decoder extends WasmDecoder>(
  load: (options: CodecOptions) => Promise<new () => Decoder>,
): Codec<Decoder> {
  let loaded: Promise<new () => Decoder> | undefined;
  let errors: string[] = [];
  const collect = (line: string) => {
    if (/error/i.test(line)) errors.push(line.replace(/^\[ERROR\]\s*/, ""));
  };
  return {
    async open() {
      loaded ??= load({ print: collect, printErr: collect });
      const decoderClass = await loaded;
      errors = [];
      return { decoder: new decoderClass(), errors };
    },
    discard() {
      loaded = undefined;
    },
  };
}

// The packages are CommonJS and ship no types.
const requirePackage = createRequire(import.meta.url);

const openJpeg = lazyCodec(async (options) => {
  const load: LoadModule<{ J2KDecoder: new () => WasmDecoder }> = requirePackage(
    "@cornerstonejs/codec-openjpeg/decodewasmjs",
  );
  return (await load(options)).J2KDecoder;
});

const charLs = lazyCodec(async (options) => {
  const load: LoadModule<{ JpegLSDecoder: new () => JpegLsDecoder }> = requirePackage(
    "@cornerstonejs/codec-charls/decodewasmjs",
  );
  return (await load(options)).JpegLSDecoder;
});

export async function decodeJpeg2000(stream: Uint8Array, size: FrameSize): Promise<Frame> {
  checkFrameSize("JPEG 2000", jpeg2000Size(stream), size);
  return decodeWith(openJpeg, "JPEG 2000", stream, (decoder) => {
    decoder.decode();
    const { bitsPerSample, isSigned } = decoder.getFrameInfo();
    const samples = copySamples(decoder, bitsPerSample, isSigned === true);
    return { samples, precision: bitsPerSample, signed: isSigned };
  });
}

export async function decodeJpegLs(stream: Uint8Array, size: FrameSize): Promise<Frame> {
  const header = readFrameHeader(stream);
  const components = header.components.length;
  checkFrameSize("JPEG-LS", { ...header, components }, size);
  return decodeWith(charLs, "JPEG-LS", stream, (decoder) => {
    decoder.decode();
    const { bitsPerSample } = decoder.getFrameInfo();
    const samples = copySamples(decoder, bitsPerSample, false);
    // Interleave mode 0: one scan a component, so the planes come one after the other.
    const planar = components > 1 && decoder.getInterleaveMode() === 0;
    return {
      samples: planar ? interleave(samples, components) : samples,
      precision: bitsPerSample,
      signed: undefined,
    };
  });
}

/** Runs one decode; whatever the module throws, numbers included, becomes one clear error. */
async function decodeWith<Decoder extends WasmDecoder>(
  codec: Codec<Decoder>,
  name: string,
  stream: Uint8Array,
  decode: (decoder: Decoder) => Frame,
): Promise<Frame> {
  const { decoder, errors } = await codec.open();
  try {
    decoder.getEncodedBuffer(stream.length).set(stream);
    const frame = decode(decoder);
    if (errors.length > 0) throw new DataSourceError(damaged(name, errors[0]));
    decoder.delete();
    return frame;
  } catch (cause) {
    codec.discard();
    if (cause instanceof DataSourceError && errors.length === 0) throw cause;
    throw new DataSourceError(damaged(name, errors[0]), { cause });
  }
}

function damaged(name: string, detail: string | undefined): string {
  return `its ${name} stream is damaged${detail ? ` (${detail.trim()})` : ""}`;
}

/** The size that the SIZ segment (ITU-T T.800 annex A.5.1) states, at the start of the stream or inside JP2 boxes. */
function jpeg2000Size(stream: Uint8Array): FrameSize {
  const start = Buffer.from(stream.buffer, stream.byteOffset, stream.byteLength).indexOf(
    Uint8Array.of(0xff, 0x4f, 0xff, 0x51),
  );
  if (start < 0 || start + 42 > stream.length) {
    throw new DataSourceError(damaged("JPEG 2000", "no size segment"));
  }
  const view = new DataView(stream.buffer, stream.byteOffset + start, 42);
  return {
    columns: view.getUint32(8) - view.getUint32(16),
    rows: view.getUint32(12) - view.getUint32(20),
    components: view.getUint16(40),
  };
}

/** Copies the samples out of the module's memory, which the next decode may move. */
function copySamples(decoder: WasmDecoder, precision: number, signed: boolean): Frame["samples"] {
  const decoded = decoder.getDecodedBuffer();
  const { width, height, componentCount } = decoder.getFrameInfo();
  const bytes = precision <= 8 ? 1 : 2;
  if (precision > 16)
    throw new DataSourceError(`has samples of ${precision} bits; 16 are supported`);
  if (decoded.length !== width * height * componentCount * bytes) {
    throw new DataSourceError(
      `decodes to ${decoded.length} bytes, not ${width * height * componentCount * bytes}`,
    );
  }
  if (bytes === 1) return decoded.slice();
  const { buffer } = decoded.slice();
  return signed ? new Int16Array(buffer) : new Uint16Array(buffer);
}

function interleave<Samples extends Frame["samples"]>(
  planes: Samples,
  components: number,
): Samples {
  const out = planes.slice() as Samples;
  const pixels = planes.length / components;
  for (let c = 0; c < components; c++) {
    for (let i = 0; i < pixels; i++) out[i * components + c] = planes[c * pixels + i]!;
  }
  return out;
}
