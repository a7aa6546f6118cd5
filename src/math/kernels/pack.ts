/**
 * @file Packs a matrix B (K x N) into panels of 8 columns, row after row, as `tile` reads it. Columns
 * that are left over (N mod 8), if at most four, are packed one after the other, as `dotTile` reads
 * them; else they get a panel of their own.
 *
 * B need not lie in memory as it is: element (k, n) is found at `base + row offset k + column offset
 * n`, and the offsets may come from tables. So a convolution becomes a matrix product whose columns
 * are never written to memory as such.
 */
import { arg, ceilDivide, setArg } from "./memory";
import { copyFloats } from "./simd";
import { TILE_COLUMNS } from "./tile";
import { parallel } from "./threads";

// Arguments of a packing job.
export const BASE = 0;
const ROW_STEP = 1;
const COLUMN_STEP = 2;
const ROW_TABLE = 3;
const COLUMN_TABLE = 4;
const OUT = 5;
const ROWS = 6;
const COLUMNS = 7;
const PANELS_PER_TASK = 8;

/** Floats that one task packs, about. */
const TASK_FLOATS = 16384;

/** Says where element (0, 0) of B is and how to step; offsets in bytes, tables of int32 or 0. */
export function setSource(
  control: usize, base: usize, rowStep: usize, columnStep: usize, rowTable: usize, columnTable: usize,
): void {
  setArg(control, BASE, <i32>base);
  setArg(control, ROW_STEP, <i32>rowStep);
  setArg(control, COLUMN_STEP, <i32>columnStep);
  setArg(control, ROW_TABLE, <i32>rowTable);
  setArg(control, COLUMN_TABLE, <i32>columnTable);
}

/** Packs rows [k0, k0 + K) and columns [n0, n0 + N) of the source to `out`. */
export function pack(control: usize, k0: i32, K: i32, n0: i32, N: i32, out: usize): void {
  // The source stays as it is for the next part: what moves is put back afterwards.
  const base = arg(control, BASE);
  const rowTable = arg(control, ROW_TABLE);
  const columnTable = arg(control, COLUMN_TABLE);
  let start = base;
  if (rowTable) setArg(control, ROW_TABLE, rowTable + 4 * k0);
  else start += k0 * arg(control, ROW_STEP);
  if (columnTable) setArg(control, COLUMN_TABLE, columnTable + 4 * n0);
  else start += n0 * arg(control, COLUMN_STEP);
  setArg(control, BASE, start);
  setArg(control, OUT, <i32>out);
  setArg(control, ROWS, K);
  setArg(control, COLUMNS, N);
  const panels = ceilDivide(N, TILE_COLUMNS);
  const perTask = max(1, TASK_FLOATS / (K * TILE_COLUMNS));
  setArg(control, PANELS_PER_TASK, perTask);
  parallel(control, packTask.index, ceilDivide(panels, perTask));
  setArg(control, BASE, base);
  setArg(control, ROW_TABLE, rowTable);
  setArg(control, COLUMN_TABLE, columnTable);
}

function packTask(control: usize, task: i32, _thread: i32): void {
  const perTask = arg(control, PANELS_PER_TASK);
  const N = arg(control, COLUMNS);
  const end = min((task + 1) * perTask, ceilDivide(N, TILE_COLUMNS));
  const base = <usize>arg(control, BASE);
  packPanels(control, base, task * perTask, end, arg(control, ROWS), N, <usize>arg(control, OUT));
}

/** Packs panels [first, end) of K rows and N columns; the source's element (0, 0) is at `base`. */
export function packPanels(
  control: usize, base: usize, first: i32, end: i32, K: i32, N: i32, out: usize,
): void {
  for (let panel = first; panel < end; panel++) {
    const n = panel * TILE_COLUMNS;
    const to = out + 4 * <usize>n * <usize>K;
    const width = N - n;
    if (width > 4) {
      packQuad(control, base, n, 4, K, to);
      packQuad(control, base, n + 4, min(4, width - 4), K, to + 16);
    } else {
      for (let j = 0; j < width; j++) packColumn(control, base, n + j, K, to + 4 * <usize>(j * K));
    }
  }
}

// @ts-ignore: decorator
@inline
function columnAddress(control: usize, base: usize, n: i32): usize {
  const table = <usize>arg(control, COLUMN_TABLE);
  const offset = table ? load<i32>(table + 4 * <usize>n) : n * arg(control, COLUMN_STEP);
  return base + <usize>offset;
}

/** One column of K contiguous floats. */
function packColumn(control: usize, base: usize, n: i32, K: i32, out: usize): void {
  const column = columnAddress(control, base, n);
  const table = <usize>arg(control, ROW_TABLE);
  if (table) {
    for (let k: usize = 0; k < <usize>K; k++) {
      store<f32>(out + 4 * k, load<f32>(column + <usize>load<i32>(table + 4 * k)));
    }
    return;
  }
  const step = <usize>arg(control, ROW_STEP);
  if (step == 4) {
    copyFloats(column, out, K);
    return;
  }
  for (let k: usize = 0; k < <usize>K; k++) store<f32>(out + 4 * k, load<f32>(column + k * step));
}

/** Half of a panel: `width` columns from `n` on; lanes past `width` repeat the last column. */
function packQuad(control: usize, base: usize, n: i32, width: i32, K: i32, out: usize): void {
  const p0 = columnAddress(control, base, n);
  const p1 = width > 1 ? columnAddress(control, base, n + 1) : p0;
  const p2 = width > 2 ? columnAddress(control, base, n + 2) : p1;
  const p3 = width > 3 ? columnAddress(control, base, n + 3) : p2;
  const table = <usize>arg(control, ROW_TABLE);
  const isContiguous = p3 - p0 == 12 && p2 - p0 == 8;
  if (table) {
    if (isContiguous) copyByTable(p0, table, K, out);
    else gatherByTable(p0, p1, p2, p3, table, K, out);
  } else {
    const step = <usize>arg(control, ROW_STEP);
    if (isContiguous) copyBySteps(p0, step, K, out);
    else gatherBySteps(p0, p1, p2, p3, step, K, out);
  }
}

function copyByTable(p: usize, table: usize, K: i32, out: usize): void {
  for (const end = table + 4 * <usize>K; table < end; table += 4) {
    v128.store(out, v128.load(p + <usize>load<i32>(table)));
    out += 32;
  }
}

function copyBySteps(p: usize, step: usize, K: i32, out: usize): void {
  for (let k = K; k > 0; k--) {
    v128.store(out, v128.load(p));
    p += step;
    out += 32;
  }
}

function gatherByTable(
  p0: usize, p1: usize, p2: usize, p3: usize, table: usize, K: i32, out: usize,
): void {
  let k = K;
  while (k > 0) {
    const row = <usize>load<i32>(table);
    // Offsets grow, so three steps of 12 bytes together are four neighbours.
    if (k >= 4 && load<i32>(table, 12) - <i32>row == 12) {
      transpose(p0 + row, p1 + row, p2 + row, p3 + row, out);
      k -= 4;
      table += 16;
      out += 128;
    } else {
      gatherRow(p0 + row, p1 + row, p2 + row, p3 + row, out);
      k--;
      table += 4;
      out += 32;
    }
  }
}

function gatherBySteps(
  p0: usize, p1: usize, p2: usize, p3: usize, step: usize, K: i32, out: usize,
): void {
  let k = K;
  let row: usize = 0;
  if (step == 4) {
    for (; k >= 4; k -= 4) {
      transpose(p0 + row, p1 + row, p2 + row, p3 + row, out);
      row += 16;
      out += 128;
    }
  }
  for (; k > 0; k--) {
    gatherRow(p0 + row, p1 + row, p2 + row, p3 + row, out);
    row += step;
    out += 32;
  }
}

// @ts-ignore: decorator
@inline
function gatherRow(p0: usize, p1: usize, p2: usize, p3: usize, out: usize): void {
  store<i32>(out, load<i32>(p0));
  store<i32>(out, load<i32>(p1), 4);
  store<i32>(out, load<i32>(p2), 8);
  store<i32>(out, load<i32>(p3), 12);
}

/** Four columns of four contiguous floats become four rows, 32 bytes apart. */
// @ts-ignore: decorator
@inline
function transpose(p0: usize, p1: usize, p2: usize, p3: usize, out: usize): void {
  transposeTo(p0, p1, p2, p3, out, 32);
}

/** Turns four vectors (rows) into four vectors (columns) `step` bytes apart. */
// @ts-ignore: decorator
@inline
export function transposeTo(p0: usize, p1: usize, p2: usize, p3: usize, out: usize, step: usize): void {
  const a = v128.load(p0), b = v128.load(p1), c = v128.load(p2), d = v128.load(p3);
  const ab01 = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const ab23 = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cd01 = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const cd23 = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<i64>(ab01, cd01, 0, 2));
  v128.store(out + step, v128.shuffle<i64>(ab01, cd01, 1, 3));
  v128.store(out + 2 * step, v128.shuffle<i64>(ab23, cd23, 0, 2));
  v128.store(out + 3 * step, v128.shuffle<i64>(ab23, cd23, 1, 3));
}
