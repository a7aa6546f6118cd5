/** @file Lossless JPEG (ITU-T T.81 annex H, process 14): each sample is predicted from its neighbours. */
import { DataSourceError } from "../../../errors.ts";
import { BitReader, type HuffmanTable } from "./huffman.ts";
import type { FrameHeader, JpegTables, ScanHeader } from "./segments.ts";

/** The prediction from the samples to the left (a), above (b) and above left (c), by selection value. */
const PREDICTORS: readonly ((a: number, b: number, c: number) => number)[] = [
  () => 0,
  (a) => a,
  (_, b) => b,
  (_, _b, c) => c,
  (a, b, c) => a + b - c,
  (a, b, c) => a + ((b - c) >> 1),
  (a, b, c) => b + ((a - c) >> 1),
  (a, b) => (a + b) >> 1,
];

/**
 * Reads one lossless scan into `out` (rows, columns, components).
 *
 * @returns where the marker after the scan lies
 */
export function readLosslessScan(
  stream: Uint8Array,
  frame: FrameHeader,
  scan: ScanHeader,
  tables: JpegTables,
  out: Uint16Array,
): number {
  if (frame.components.some(({ h, v }) => h !== 1 || v !== 1)) {
    throw new DataSourceError(
      "is lossless JPEG with subsampled components, which is not supported",
    );
  }
  const predict = PREDICTORS[scan.start];
  if (!predict || scan.start === 0) {
    throw new DataSourceError(`its lossless JPEG scan names predictor ${scan.start}; 1 to 7 exist`);
  }
  const components = scan.components.map(({ index, dc }) => {
    const table = tables.dc.get(dc);
    if (!table)
      throw new DataSourceError("its JPEG scan uses a Huffman table that was not defined");
    return { index, table };
  });
  const reader = new BitReader(stream, scan.dataOffset);
  const { rows, columns } = frame;
  const interval = tables.restartInterval || rows * columns;
  const first = 1 << (frame.precision - scan.low - 1);
  const step = frame.components.length;
  const line = columns * step;
  // The first line after a restart is predicted from the left only, as the first of the image.
  let firstRow = 0;
  for (let pixel = 0, y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++, pixel++) {
      const restarted = pixel % interval === 0;
      if (restarted) {
        if (pixel > 0) reader.restart();
        firstRow = y;
      }
      for (const { index, table } of components) {
        const at = pixel * step + index;
        let prediction: number;
        if (restarted) prediction = first;
        else if (y === firstRow) prediction = x === 0 ? first : out[at - step]!;
        else if (x === 0) prediction = out[at - line]!;
        else prediction = predict(out[at - step]!, out[at - line]!, out[at - line - step]!);
        out[at] = prediction + difference(reader, table);
      }
    }
  }
  shiftUp(out, components, step, scan.low);
  return reader.position;
}

function difference(reader: BitReader, table: HuffmanTable): number {
  const size = reader.symbol(table);
  if (size === 16) return 32768;
  if (size > 16) throw new DataSourceError("its JPEG data holds an impossible difference");
  return reader.signed(size);
}

/** Undoes the point transform, which coded the samples without their lowest bits. */
function shiftUp(
  out: Uint16Array,
  components: readonly { index: number }[],
  step: number,
  bits: number,
): void {
  if (bits === 0) return;
  for (const { index } of components) {
    for (let at = index; at < out.length; at += step) out[at] = out[at]! << bits;
  }
}
