/** @file The scans of a DCT-based JPEG frame, sequential or progressive, read into quantised coefficients. */
import { DataSourceError } from "../../../errors.ts";
import { BitReader, type HuffmanTable } from "./huffman.ts";
import { type FrameHeader, type JpegTables, type ScanHeader, ZIGZAG } from "./segments.ts";

/** The coefficients of one component. */
export interface Plane {
  readonly h: number;
  readonly v: number;
  readonly quantTable: number;
  /** Samples of the component: the frame's size by its share of the largest sampling factors. */
  readonly columns: number;
  readonly rows: number;
  /** Blocks a line in memory: padded to whole MCUs. */
  readonly blockStride: number;
  readonly blockRows: number;
  /** blockRows * blockStride * 64 values, each block row by row. */
  readonly coefficients: Int16Array;
}

/** An MCU of the frame in blocks of the largest component. */
export interface McuGrid {
  readonly maxH: number;
  readonly maxV: number;
  readonly columns: number;
  readonly rows: number;
}

export function mcuGrid(frame: FrameHeader): McuGrid {
  const maxH = Math.max(...frame.components.map(({ h }) => h));
  const maxV = Math.max(...frame.components.map(({ v }) => v));
  return {
    maxH,
    maxV,
    columns: Math.ceil(frame.columns / (8 * maxH)),
    rows: Math.ceil(frame.rows / (8 * maxV)),
  };
}

export function createPlanes(frame: FrameHeader, grid: McuGrid): Plane[] {
  return frame.components.map(({ h, v, quantTable }) => {
    const blockStride = grid.columns * h;
    const blockRows = grid.rows * v;
    return {
      h,
      v,
      quantTable,
      columns: Math.ceil((frame.columns * h) / grid.maxH),
      rows: Math.ceil((frame.rows * v) / grid.maxV),
      blockStride,
      blockRows,
      coefficients: new Int16Array(blockRows * blockStride * 64),
    };
  });
}

/** What a block decoder works with: one component of a scan. */
interface ScanComponent {
  readonly plane: Plane;
  readonly dc: HuffmanTable | undefined;
  readonly ac: HuffmanTable | undefined;
  /** DC value of the component's block before. */
  predictor: number;
}

/** Reads one block whose coefficients begin at `at`. */
type BlockDecoder = (component: ScanComponent, at: number) => void;

/**
 * Reads one scan into the planes.
 *
 * @returns where the marker after the scan lies
 * @throws DataSourceError when tables are missing, codes are invalid or the data ends early.
 */
export function readDctScan(
  stream: Uint8Array,
  frame: FrameHeader,
  scan: ScanHeader,
  tables: JpegTables,
  planes: readonly Plane[],
  grid: McuGrid,
): number {
  const progressive = frame.marker === 0xc2;
  if (progressive && (scan.start > scan.end || scan.end > 63)) {
    throw new DataSourceError("its progressive JPEG scan names coefficients outside 0 to 63");
  }
  const components = scan.components.map(({ index, dc, ac }) => ({
    plane: planes[index]!,
    dc: tables.dc.get(dc),
    ac: tables.ac.get(ac),
    predictor: 0,
  }));
  const reader = new BitReader(stream, scan.dataOffset);
  const decoder = new BlockReader(reader, scan, progressive);
  const mcus = mcuOrder(components, grid);
  const interval = tables.restartInterval || mcus.count;
  for (let mcu = 0; mcu < mcus.count; mcu++) {
    if (mcu > 0 && mcu % interval === 0) {
      reader.restart();
      decoder.eobRun = 0;
      for (const component of components) component.predictor = 0;
    }
    mcus.visit(mcu, decoder.decode);
  }
  return reader.position;
}

/** The order in which a scan's blocks come: whole MCUs, or just the visible blocks of a single component. */
function mcuOrder(components: readonly ScanComponent[], grid: McuGrid) {
  const [only] = components;
  if (components.length === 1 && only) {
    const { plane } = only;
    const perLine = Math.ceil(plane.columns / 8);
    return {
      count: perLine * Math.ceil(plane.rows / 8),
      visit(mcu: number, decode: BlockDecoder): void {
        const row = Math.floor(mcu / perLine);
        decode(only, (row * plane.blockStride + (mcu % perLine)) * 64);
      },
    };
  }
  return {
    count: grid.columns * grid.rows,
    visit(mcu: number, decode: BlockDecoder): void {
      const mcuRow = Math.floor(mcu / grid.columns);
      const mcuColumn = mcu % grid.columns;
      for (const component of components) {
        const { h, v, blockStride } = component.plane;
        for (let y = 0; y < v; y++) {
          for (let x = 0; x < h; x++) {
            decode(component, ((mcuRow * v + y) * blockStride + mcuColumn * h + x) * 64);
          }
        }
      }
    },
  };
}

/** The five ways in which a block of a scan is coded (ITU-T T.81 annexes F and G). */
class BlockReader {
  readonly decode: BlockDecoder;
  /** Blocks of the band still to come that hold nothing new. */
  eobRun = 0;
  readonly #reader: BitReader;
  readonly #scan: ScanHeader;

  constructor(reader: BitReader, scan: ScanHeader, progressive: boolean) {
    this.#reader = reader;
    this.#scan = scan;
    if (!progressive) this.decode = (component, at) => this.#sequential(component, at);
    else if (scan.start === 0) {
      this.decode =
        scan.high === 0
          ? (component, at) => this.#firstDc(component, at)
          : (component, at) => this.#refineDc(component, at);
    } else {
      this.decode =
        scan.high === 0
          ? (component, at) => this.#firstAc(component, at)
          : (component, at) => this.#refineAc(component, at);
    }
  }

  #sequential(component: ScanComponent, at: number): void {
    const { coefficients } = component.plane;
    const ac = needTable(component.ac);
    component.predictor += this.#dcDifference(component);
    coefficients[at] = component.predictor;
    for (let k = 1; k < 64; k++) {
      const symbol = this.#reader.symbol(ac);
      const size = symbol & 15;
      const run = symbol >> 4;
      if (size === 0) {
        if (run < 15) return;
        k += 15;
        continue;
      }
      k += run;
      if (k > 63) throw new DataSourceError("its JPEG data runs past the end of a block");
      coefficients[at + ZIGZAG[k]!] = this.#reader.signed(size);
    }
  }

  #firstDc(component: ScanComponent, at: number): void {
    component.predictor += this.#dcDifference(component);
    component.plane.coefficients[at] = component.predictor << this.#scan.low;
  }

  #refineDc(component: ScanComponent, at: number): void {
    if (this.#reader.bits(1) === 1) component.plane.coefficients[at]! |= 1 << this.#scan.low;
  }

  #firstAc(component: ScanComponent, at: number): void {
    if (this.eobRun > 0) {
      this.eobRun--;
      return;
    }
    const ac = needTable(component.ac);
    for (let k = this.#scan.start; k <= this.#scan.end; k++) {
      const symbol = this.#reader.symbol(ac);
      const size = symbol & 15;
      const run = symbol >> 4;
      if (size === 0 && run < 15) {
        this.eobRun = (1 << run) + this.#reader.bits(run) - 1;
        return;
      }
      k += run;
      if (size === 0) continue;
      if (k > 63) throw new DataSourceError("its JPEG data runs past the end of a block");
      component.plane.coefficients[at + ZIGZAG[k]!] =
        this.#reader.signed(size) * (1 << this.#scan.low);
    }
  }

  /** Refines the band by one bit: known coefficients get a correction bit, new ones are +-1 at this position. */
  #refineAc(component: ScanComponent, at: number): void {
    const { coefficients } = component.plane;
    const { start, end, low } = this.#scan;
    let k = start;
    if (this.eobRun === 0) {
      const ac = needTable(component.ac);
      for (; k <= end; k++) {
        const symbol = this.#reader.symbol(ac);
        const run = symbol >> 4;
        const isNew = (symbol & 15) !== 0;
        if (!isNew && run < 15) {
          this.eobRun = (1 << run) + this.#reader.bits(run);
          break;
        }
        const value = isNew ? (this.#reader.bits(1) === 1 ? 1 : -1) * (1 << low) : 0;
        k = this.#correct(coefficients, at, k, end, run);
        if (isNew && k <= end) coefficients[at + ZIGZAG[k]!] = value;
      }
    }
    if (this.eobRun > 0) {
      this.#correct(coefficients, at, k, end, 64);
      this.eobRun--;
    }
  }

  /** Corrects known coefficients from `k` on, up to the zero one after `zeros` others. @returns its index */
  #correct(values: Int16Array, at: number, k: number, end: number, zeros: number): number {
    const bit = 1 << this.#scan.low;
    let left = zeros;
    for (let i = k; i <= end; i++) {
      const cell = at + ZIGZAG[i]!;
      const value = values[cell]!;
      if (value === 0) {
        if (left-- === 0) return i;
      } else if (this.#reader.bits(1) === 1 && (Math.abs(value) & bit) === 0) {
        values[cell] = value + Math.sign(value) * bit;
      }
    }
    return end + 1;
  }

  #dcDifference(component: ScanComponent): number {
    const size = this.#reader.symbol(needTable(component.dc));
    if (size > 16) throw new DataSourceError("its JPEG data holds an impossible DC difference");
    return this.#reader.signed(size);
  }
}

function needTable(table: HuffmanTable | undefined): HuffmanTable {
  if (!table) throw new DataSourceError("its JPEG scan uses a Huffman table that was not defined");
  return table;
}
