/**
 * @file JPEG as DICOM uses it: baseline, extended (12 bit), progressive and lossless, without colour conversion.
 *
 * Written here because the decoders on npm stop at 8 bits and convert colours, while a dataset needs the stored values.
 */
import { DataSourceError } from "../../../errors.ts";
import { checkFrameSize, type Frame, type FrameSize } from "../frame.ts";
import { createPlanes, mcuGrid, type Plane, readDctScan } from "./coefficients.ts";
import { enlarge, reconstruct } from "./idct.ts";
import { readLosslessScan } from "./lossless.ts";
import {
  applyTables,
  type FrameHeader,
  isFrameMarker,
  JpegTables,
  parseScanHeader,
  readFrameHeader,
  readSegment,
} from "./segments.ts";

const Lossless = 0xc3;
const SUPPORTED: ReadonlySet<number> = new Set([0xc0, 0xc1, 0xc2, Lossless]);
const ScanMarker = 0xda;
const EndMarker = 0xd9;
/** Progressive streams have about ten scans; thousands are an attack on the reader's time. */
const MAX_SCANS = 500;

/**
 * Decodes one JPEG frame to its components' own values: no conversion from YCbCr, no level shift but JPEG's own.
 *
 * @throws DataSourceError for a damaged stream, a size that differs from the header's, or arithmetic coding.
 */
export function decodeJpeg(stream: Uint8Array, size: FrameSize): Frame {
  const frame = readFrameHeader(stream);
  checkFrame(frame, stream.length, size);
  const samples =
    frame.marker === Lossless ? decodeLossless(stream, frame) : decodeDct(stream, frame);
  return { samples, precision: frame.precision, signed: undefined };
}

function checkFrame(frame: FrameHeader, bytes: number, size: FrameSize): void {
  if (!SUPPORTED.has(frame.marker)) {
    const kind = `SOF${frame.marker - 0xc0}`;
    throw new DataSourceError(
      `is JPEG of kind ${kind}; arithmetic and hierarchical coding are not supported`,
    );
  }
  checkFrameSize("JPEG", { ...frame, components: frame.components.length }, size);
  const limits = frame.marker === Lossless ? { min: 2, max: 16 } : { min: 8, max: 12 };
  if (frame.precision < limits.min || frame.precision > limits.max) {
    throw new DataSourceError(`its JPEG stream has samples of ${frame.precision} bits`);
  }
  // A sample takes a bit at least, or a block of 64 two: a stream shorter than that cannot be whole.
  const leastBits = (frame.rows * frame.columns) / (frame.marker === Lossless ? 1 : 64);
  if (frame.marker !== 0xc2 && bytes * 8 < leastBits)
    throw new DataSourceError("its JPEG data ends early");
}

function decodeLossless(stream: Uint8Array, frame: FrameHeader): Uint16Array {
  const out = new Uint16Array(frame.rows * frame.columns * frame.components.length);
  eachScan(stream, frame, (segment, tables) => {
    const scan = parseScanHeader(segment, frame);
    return {
      components: scan.components.map(({ index }) => index),
      end: readLosslessScan(stream, frame, scan, tables, out),
    };
  });
  return out;
}

function decodeDct(stream: Uint8Array, frame: FrameHeader): Uint16Array {
  const grid = mcuGrid(frame);
  const planes = createPlanes(frame, grid);
  const tables = eachScan(stream, frame, (segment, inForce) => {
    const scan = parseScanHeader(segment, frame);
    return {
      components: scan.components.map(({ index }) => index),
      end: readDctScan(stream, frame, scan, inForce, planes, grid),
    };
  });
  const { rows, columns } = frame;
  const count = planes.length;
  const out = new Uint16Array(rows * columns * count);
  planes.forEach((plane, c) => {
    const sampled = reconstruct(plane, quantTableOf(plane, tables), frame.precision);
    const { samples, stride } = enlarge(sampled, plane, grid, rows, columns);
    for (let y = 0, to = c; y < rows; y++) {
      for (let x = 0; x < columns; x++, to += count) out[to] = samples[y * stride + x]!;
    }
  });
  return out;
}

function quantTableOf(plane: Plane, tables: JpegTables): Uint16Array {
  const table = tables.quant.get(plane.quantTable);
  if (!table)
    throw new DataSourceError("its JPEG frame uses a quantisation table that was not defined");
  return table;
}

/** Walks the stream, keeping the tables up to date, and hands each scan to `read`. @returns the last tables */
function eachScan(
  stream: Uint8Array,
  frame: FrameHeader,
  read: (
    segment: ReturnType<typeof readSegment>,
    tables: JpegTables,
  ) => { components: number[]; end: number },
): JpegTables {
  const tables = new JpegTables();
  const seen = new Set<number>();
  let scans = 0;
  for (let at = 2; ; ) {
    // The end marker may be missing when every component has been read, as libjpeg allows.
    if (at >= stream.length - 1 && seen.size === frame.components.length) return tables;
    const segment = readSegment(stream, at);
    at = segment.end;
    if (segment.marker === EndMarker) {
      if (seen.size < frame.components.length)
        throw new DataSourceError("its JPEG data ends early");
      return tables;
    }
    if (segment.marker === ScanMarker) {
      if (++scans > MAX_SCANS)
        throw new DataSourceError(`its JPEG stream has over ${MAX_SCANS} scans`);
      const scan = read(segment, tables);
      for (const index of scan.components) seen.add(index);
      at = scan.end;
    } else if (!isFrameMarker(segment.marker)) applyTables(segment, tables);
  }
}
