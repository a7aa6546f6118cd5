/** @file Matrix products in blocks that do not depend on the number of threads. */
import { multiplyBlock } from "./block";
import {
  BLOCK_ROWS, OWN_FLOATS, PACK_FLOATS, arg, ceilDivide, floatArg, ownScratch, setArg, setFloatArg,
} from "./memory";
import { BASE, pack, packPanels } from "./pack";
import { parallel } from "./threads";
import { TILE_COLUMNS } from "./tile";

// Arguments of a product job; the first slots belong to `pack`.
const A = 16;
const LDA = 17;
const A_TRANSPOSED = 18;
const PACKED = 19;
const M_ = 20;
const N_ = 21;
const K_ = 22;
const C = 23;
const LDC = 24;
const C_TRANSPOSED = 25;
const ALPHA = 26;
const ACCUMULATE = 27;
const BIAS = 28;
const ROWS_PER_TASK = 29;
const COLUMNS_PER_TASK = 30;

/** B is packed in parts at most this deep if it does not fit the buffer. */
const MAX_DEPTH = 4096;
/** Multiply-adds of a task that is worth waking another thread for. */
const SMALL_WORK: i64 = 100000;
/** Tasks that a job should have, so that many threads find work. */
const WANTED_TASKS = 24;
/** Up to so many floats, all of A stays in a thread's cache while columns of B pass. */
const WIDE_WEIGHTS = 1 << 18;
/** Columns of a task that packs its own. */
const MOST_COLUMNS = 256;
const LEAST_COLUMNS = 32;

/**
 * C = alpha op(A) B + (accumulate ? C : bias); B is the source set by `setSource`.
 * Steps and parameters as in `multiplyBlock`; `packed` is memory for PACK_FLOATS floats.
 */
export function product(
  control: usize, M: i32, N: i32, K: i32, alpha: f32, a: usize, lda: usize, isATransposed: bool,
  packed: usize, c: usize, ldc: usize, isCTransposed: bool, accumulate: bool, bias: usize,
): void {
  const own = ownColumns(M, N, K);
  if (own) {
    setJob(control, M, N, K, alpha, a, lda, isATransposed, 0, c, ldc, isCTransposed, accumulate, bias);
    setArg(control, COLUMNS_PER_TASK, own);
    parallel(control, wideTask.index, ceilDivide(N, own));
    return;
  }
  let depth = K;
  if (<i64>K * ((N + 7) & ~7) > PACK_FLOATS) depth = min(K, MAX_DEPTH);
  depth = ceilDivide(K, ceilDivide(K, depth));
  const capacity = (PACK_FLOATS / depth) & ~7;
  const columns = (ceilDivide(N, ceilDivide(N, capacity)) + 7) & ~7;
  for (let n = 0; n < N; n += columns) {
    const width = min(columns, N - n);
    for (let k = 0; k < K; k += depth) {
      const height = min(depth, K - k);
      pack(control, k, height, n, width, packed);
      setJob(
        control, M, width, height, alpha, a + <usize>k * (isATransposed ? lda : 4), lda, isATransposed, packed,
        c + <usize>n * (isCTransposed ? ldc : 4), ldc, isCTransposed, accumulate || k > 0, bias,
      );
      run(control, M, width, height);
    }
  }
}

function setJob(
  control: usize, M: i32, N: i32, K: i32, alpha: f32, a: usize, lda: usize, isATransposed: bool, packed: usize,
  c: usize, ldc: usize, isCTransposed: bool, accumulate: bool, bias: usize,
): void {
  setArg(control, A, <i32>a);
  setArg(control, LDA, <i32>lda);
  setArg(control, A_TRANSPOSED, isATransposed);
  setArg(control, PACKED, <i32>packed);
  setArg(control, M_, M);
  setArg(control, N_, N);
  setArg(control, K_, K);
  setArg(control, C, <i32>c);
  setArg(control, LDC, <i32>ldc);
  setArg(control, C_TRANSPOSED, isCTransposed);
  setFloatArg(control, ALPHA, alpha);
  setArg(control, ACCUMULATE, accumulate);
  setArg(control, BIAS, <i32>bias);
}

/**
 * Columns of a task that packs its columns itself and multiplies them with all of A, so that threads meet
 * once and read nothing that another one packed; 0 where A is too large, or the columns are too few.
 */
function ownColumns(M: i32, N: i32, K: i32): i32 {
  if (M * K > WIDE_WEIGHTS || <i64>M * N * K < SMALL_WORK) return 0;
  let columns = min(MOST_COLUMNS, (OWN_FLOATS / K) & ~7);
  while (columns > LEAST_COLUMNS && ceilDivide(N, columns) < WANTED_TASKS) columns = (columns / 2 + 7) & ~7;
  return columns >= LEAST_COLUMNS && N >= 4 * columns ? columns : 0;
}

function wideTask(control: usize, task: i32, thread: i32): void {
  const N = arg(control, N_);
  const K = arg(control, K_);
  const columns = arg(control, COLUMNS_PER_TASK);
  const j = task * columns;
  const width = min(columns, N - j);
  const packed = ownScratch(control, thread);
  const end = ceilDivide(j + width, TILE_COLUMNS);
  packPanels(
    control, <usize>arg(control, BASE), j / TILE_COLUMNS, end, K, N, packed - 4 * <usize>j * <usize>K,
  );
  const M = arg(control, M_);
  for (let i = 0; i < M; i += BLOCK_ROWS) {
    multiplyPart(control, thread, i, j, min(BLOCK_ROWS, M - i), width, packed);
  }
}

/** Cuts C into tasks by its shape alone, and runs them. */
function run(control: usize, M: i32, N: i32, K: i32): void {
  let rows = 64;
  let columns = 256;
  if (<i64>M * N * K < SMALL_WORK) {
    rows = 128;
    columns = (N + 7) & ~7;
  } else {
    while (ceilDivide(M, rows) * ceilDivide(N, columns) < WANTED_TASKS) {
      if (rows > 32) rows >>= 1;
      else if (columns > 64) columns >>= 1;
      else if (rows > 8) rows >>= 1;
      else break;
    }
  }
  setArg(control, ROWS_PER_TASK, rows);
  setArg(control, COLUMNS_PER_TASK, columns);
  parallel(control, productTask.index, ceilDivide(M, rows) * ceilDivide(N, columns));
}

function productTask(control: usize, task: i32, thread: i32): void {
  const M = arg(control, M_);
  const N = arg(control, N_);
  const rows = arg(control, ROWS_PER_TASK);
  const columns = arg(control, COLUMNS_PER_TASK);
  const across = ceilDivide(N, columns);
  const i = (task / across) * rows;
  const j = (task % across) * columns;
  const packed = <usize>arg(control, PACKED) + 4 * <usize>j * <usize>arg(control, K_);
  multiplyPart(control, thread, i, j, min(rows, M - i), min(columns, N - j), packed);
}

/** Rows [i, i + rows) and columns [j, j + columns) of C, whose panels begin at `packed`. */
function multiplyPart(
  control: usize, thread: i32, i: i32, j: i32, rows: i32, columns: i32, packed: usize,
): void {
  const isATransposed = <bool>arg(control, A_TRANSPOSED);
  const isCTransposed = <bool>arg(control, C_TRANSPOSED);
  const lda = <usize>arg(control, LDA);
  const ldc = <usize>arg(control, LDC);
  const bias = <usize>arg(control, BIAS);
  const down: usize = isCTransposed ? 4 : ldc;
  const right: usize = isCTransposed ? ldc : 4;
  multiplyBlock(
    control, thread, rows, columns, arg(control, K_), floatArg(control, ALPHA),
    <usize>arg(control, A) + <usize>i * (isATransposed ? 4 : lda), lda, isATransposed, packed,
    <usize>arg(control, C) + <usize>i * down + <usize>j * right, ldc, isCTransposed,
    <bool>arg(control, ACCUMULATE), bias ? bias + 4 * <usize>i : 0,
  );
}
