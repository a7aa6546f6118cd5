/** @file Matrix products of one shape, many of them: those of Winograd's planes. Threads meet once for all. */
import { multiplyBlock } from "./block";
import { BLOCK_ROWS, OWN_FLOATS, arg, ceilDivide, ownScratch, setArg } from "./memory";
import { packPanels, setSource } from "./pack";
import { parallel } from "./threads";
import { TILE_COLUMNS } from "./tile";

// The first slots belong to the source of `packPanels`.
const A = 16;
const A_STEP = 17;
const B = 18;
const B_STEP = 19;
const C = 20;
const C_STEP = 21;
const M_ = 22;
const N_ = 23;
const K_ = 24;
const COLUMNS = 25;
const ACCUMULATE = 26;

/** Columns of a task at most: fewer make all of A pass through the cache more often. */
const MOST_COLUMNS = 256;

/**
 * c = a op(b) + (accumulate ? c : 0) for each of `planes` products; a is M x K, op(b) K x N. The steps from
 * product to product are in bytes. K is at most OWN_FLOATS / 8.
 */
export function planeProducts(
  control: usize, planes: i32, isBTransposed: bool, M: i32, N: i32, K: i32, a: usize, aStep: usize,
  b: usize, bStep: usize, c: usize, cStep: usize, accumulate: bool,
): void {
  if (isBTransposed) setSource(control, 0, 4, 4 * <usize>K, 0, 0);
  else setSource(control, 0, 4 * <usize>N, 4, 0, 0);
  setArg(control, A, <i32>a);
  setArg(control, A_STEP, <i32>aStep);
  setArg(control, B, <i32>b);
  setArg(control, B_STEP, <i32>bStep);
  setArg(control, C, <i32>c);
  setArg(control, C_STEP, <i32>cStep);
  setArg(control, M_, M);
  setArg(control, N_, N);
  setArg(control, K_, K);
  setArg(control, ACCUMULATE, accumulate);
  const most = max(TILE_COLUMNS, min(MOST_COLUMNS, (OWN_FLOATS / K) & ~7));
  const columns = (ceilDivide(N, ceilDivide(N, most)) + 7) & ~7;
  setArg(control, COLUMNS, columns);
  parallel(control, planeTask.index, planes * ceilDivide(N, columns));
}

/** Packs some columns of a product and multiplies them with all of A. */
function planeTask(control: usize, task: i32, thread: i32): void {
  const M = arg(control, M_);
  const N = arg(control, N_);
  const K = arg(control, K_);
  const columns = arg(control, COLUMNS);
  const across = ceilDivide(N, columns);
  const plane = <usize>(task / across);
  const j = (task % across) * columns;
  const width = min(columns, N - j);
  const packed = ownScratch(control, thread);
  const b = <usize>arg(control, B) + plane * <usize>arg(control, B_STEP);
  packPanels(
    control, b, j / TILE_COLUMNS, ceilDivide(j + width, TILE_COLUMNS), K, N, packed - 4 * <usize>j * <usize>K,
  );
  const lda = 4 * <usize>K, ldc = 4 * <usize>N;
  const a = <usize>arg(control, A) + plane * <usize>arg(control, A_STEP);
  const c = <usize>arg(control, C) + plane * <usize>arg(control, C_STEP) + 4 * <usize>j;
  const accumulate = <bool>arg(control, ACCUMULATE);
  for (let i = 0; i < M; i += BLOCK_ROWS) {
    multiplyBlock(
      control, thread, min(BLOCK_ROWS, M - i), width, K, 1, a + <usize>i * lda, lda, false, packed,
      c + <usize>i * ldc, ldc, false, accumulate, 0,
    );
  }
}
