/** @file The marker segments of a JPEG or JPEG-LS stream: frame header, quantisation tables, Huffman tables. */
import { DataSourceError } from "../../../errors.ts";
import { HuffmanTable } from "./huffman.ts";

export interface ComponentHeader {
  readonly id: number;
  /** Horizontal and vertical sampling factors. */
  readonly h: number;
  readonly v: number;
  readonly quantTable: number;
}

export interface FrameHeader {
  /** The marker's low byte: 0xc0 baseline, 0xc1 extended, 0xc2 progressive, 0xc3 lossless, 0xf7 JPEG-LS. */
  readonly marker: number;
  readonly precision: number;
  readonly rows: number;
  readonly columns: number;
  readonly components: readonly ComponentHeader[];
}

export interface ScanHeader {
  /** Which component of the frame, with its DC (or lossless) and AC table. */
  readonly components: readonly {
    readonly index: number;
    readonly dc: number;
    readonly ac: number;
  }[];
  /** First and last coefficient of the band; for a lossless scan `start` is the predictor. */
  readonly start: number;
  readonly end: number;
  /** Successive approximation: previous and current bit position; `low` is the point transform of a lossless scan. */
  readonly high: number;
  readonly low: number;
  /** Where the entropy-coded bytes begin. */
  readonly dataOffset: number;
}

/** The tables that stand in force while scans are read. */
export class JpegTables {
  readonly quant = new Map<number, Uint16Array>();
  readonly dc = new Map<number, HuffmanTable>();
  readonly ac = new Map<number, HuffmanTable>();
  restartInterval = 0;
}

/** Position in an 8x8 block, row by row, of the k-th coefficient in zigzag order. */
export const ZIGZAG = zigzag();

function zigzag(): Uint8Array {
  const cells = Array.from({ length: 64 }, (_, i) => ({ row: i >> 3, column: i & 7 }));
  cells.sort((a, b) => {
    const diagonal = a.row + a.column - (b.row + b.column);
    if (diagonal !== 0) return diagonal;
    return (a.row + a.column) % 2 === 0 ? b.row - a.row : a.row - b.row;
  });
  return Uint8Array.from(cells, ({ row, column }) => row * 8 + column);
}

/** A marker segment: the marker's low byte and the bytes after the length field. */
export interface Segment {
  readonly marker: number;
  readonly body: Uint8Array;
  /** Where the byte after the segment lies. */
  readonly end: number;
}

/** The next segment at or after `position`, fill bytes skipped; SOI, EOI and restart markers have an empty body. */
export function readSegment(stream: Uint8Array, position: number): Segment {
  let at = position;
  // Some writers leave stray bytes between segments; like libjpeg, look for the next marker.
  while (at < stream.length && stream[at] !== 0xff) at++;
  while (stream[at] === 0xff) at++;
  const marker = stream[at];
  if (marker === undefined) throw new DataSourceError("its JPEG stream ends early");
  at++;
  if ((marker >= 0xd0 && marker <= 0xd9) || marker === 0x01 || marker === 0) {
    return { marker, body: stream.subarray(at, at), end: at };
  }
  const length = at + 2 <= stream.length ? (stream[at]! << 8) | stream[at + 1]! : 0;
  if (length < 2 || at + length > stream.length) {
    throw new DataSourceError("its JPEG stream ends inside a header segment");
  }
  return { marker, body: stream.subarray(at + 2, at + length), end: at + length };
}

/** Whether the marker begins a frame header: SOF0..SOF15 without DHT, JPG and DAC, or the one of JPEG-LS. */
export function isFrameMarker(marker: number): boolean {
  if (marker === 0xf7) return true;
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** The frame header of a stream, without decoding anything. */
export function readFrameHeader(stream: Uint8Array): FrameHeader {
  if (stream[0] !== 0xff || stream[1] !== 0xd8) {
    throw new DataSourceError("its compressed frame does not begin with a JPEG start marker");
  }
  for (let at = 2; ; ) {
    const segment = readSegment(stream, at);
    if (isFrameMarker(segment.marker)) return parseFrameHeader(segment);
    if (segment.marker === 0xda || segment.marker === 0xd9) {
      throw new DataSourceError("its JPEG stream has no frame header");
    }
    at = segment.end;
  }
}

function parseFrameHeader({ marker, body }: Segment): FrameHeader {
  const count = body[5] ?? 0;
  if (count === 0 || body.length < 6 + 3 * count) {
    throw new DataSourceError("its JPEG frame header is cut off");
  }
  const components = Array.from({ length: count }, (_, i) => {
    const [id, sampling, quantTable] = body.subarray(6 + 3 * i, 9 + 3 * i);
    return { id: id!, h: sampling! >> 4, v: sampling! & 15, quantTable: quantTable! };
  });
  if (components.some(({ h, v }) => h < 1 || h > 4 || v < 1 || v > 4)) {
    throw new DataSourceError("its JPEG frame header has sampling factors outside 1 to 4");
  }
  return {
    marker,
    precision: body[0]!,
    rows: (body[1]! << 8) | body[2]!,
    columns: (body[3]! << 8) | body[4]!,
    components,
  };
}

export function parseScanHeader({ body, end }: Segment, frame: FrameHeader): ScanHeader {
  const count = body[0] ?? 0;
  if (count < 1 || count > 4 || body.length < 4 + 2 * count) {
    throw new DataSourceError("its JPEG scan header is cut off");
  }
  const components = Array.from({ length: count }, (_, i) => {
    const id = body[1 + 2 * i]!;
    const index = frame.components.findIndex((component) => component.id === id);
    if (index < 0) throw new DataSourceError(`its JPEG scan names the unknown component ${id}`);
    const tables = body[2 + 2 * i]!;
    return { index, dc: tables >> 4, ac: tables & 15 };
  });
  const [start, last, approximation] = body.subarray(1 + 2 * count);
  return {
    components,
    start: start!,
    end: last!,
    high: approximation! >> 4,
    low: approximation! & 15,
    dataOffset: end,
  };
}

/** Takes a DQT, DHT or DRI segment into the tables; other segments are of no consequence for the samples. */
export function applyTables({ marker, body }: Segment, tables: JpegTables): void {
  if (marker === 0xdb) readQuantTables(body, tables);
  else if (marker === 0xc4) readHuffmanTables(body, tables);
  else if (marker === 0xdd && body.length >= 2) tables.restartInterval = (body[0]! << 8) | body[1]!;
}

function readQuantTables(body: Uint8Array, tables: JpegTables): void {
  for (let at = 0; at < body.length; ) {
    const spec = body[at++]!;
    const wide = spec >> 4 !== 0;
    const size = wide ? 128 : 64;
    if (at + size > body.length)
      throw new DataSourceError("its JPEG quantisation table is cut off");
    const table = new Uint16Array(64);
    for (let k = 0; k < 64; k++) {
      table[ZIGZAG[k]!] = wide ? (body[at + 2 * k]! << 8) | body[at + 2 * k + 1]! : body[at + k]!;
    }
    tables.quant.set(spec & 15, table);
    at += size;
  }
}

function readHuffmanTables(body: Uint8Array, tables: JpegTables): void {
  for (let at = 0; at < body.length; ) {
    const spec = body[at]!;
    const counts = body.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const symbols = body.subarray(at + 17, at + 17 + total);
    if (counts.length < 16 || symbols.length < total) {
      throw new DataSourceError("its JPEG Huffman table is cut off");
    }
    (spec >> 4 === 0 ? tables.dc : tables.ac).set(spec & 15, new HuffmanTable(counts, symbols));
    at += 17 + total;
  }
}
