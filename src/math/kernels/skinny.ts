/**
 * @file Products with at most 16 rows: a batch that meets a large matrix of weights. They are bound by
 * memory, so B is read once, where it lies, in runs of its rows.
 */
import { arg, blockScratch, ceilDivide, floatArg, setArg, setFloatArg } from "./memory";
import { fillFloats, loadSome, madd, storeSome } from "./simd";
import { parallel, serial } from "./threads";

/** More rows are worth packing B for. */
export const SKINNY_ROWS: i32 = 16;

const A = 0;
const A_ROW = 1;
const A_COLUMN = 2;
const B = 3;
const LDB = 4;
const M_ = 5;
const N_ = 6;
const K_ = 7;
const C = 8;
const LDC = 9;
const C_TRANSPOSED = 10;
const ALPHA = 11;
const ACCUMULATE = 12;

/** Columns of a task. With 16 rows its sums take 32 KiB. */
const COLUMNS = 512;
const SMALL_WORK: i64 = 50000;

/**
 * C = alpha A B + (accumulate ? C : 0) for M up to SKINNY_ROWS.
 *
 * @param a element (i, k) at a + i aRow + k aColumn (bytes)
 * @param b rows of N contiguous floats, `ldb` bytes apart
 * @param c rows `ldc` bytes apart; where `isCTransposed`, columns
 */
export function skinnyProduct(
  control: usize, M: i32, N: i32, K: i32, alpha: f32, a: usize, aRow: usize, aColumn: usize,
  b: usize, ldb: usize, c: usize, ldc: usize, isCTransposed: bool, accumulate: bool,
): void {
  setArg(control, A, <i32>a);
  setArg(control, A_ROW, <i32>aRow);
  setArg(control, A_COLUMN, <i32>aColumn);
  setArg(control, B, <i32>b);
  setArg(control, LDB, <i32>ldb);
  setArg(control, M_, M);
  setArg(control, N_, N);
  setArg(control, K_, K);
  setArg(control, C, <i32>c);
  setArg(control, LDC, <i32>ldc);
  setArg(control, C_TRANSPOSED, isCTransposed);
  setFloatArg(control, ALPHA, alpha);
  setArg(control, ACCUMULATE, accumulate);
  const tasks = ceilDivide(N, COLUMNS);
  if (<i64>M * N * K < SMALL_WORK) serial(control, skinnyTask.index, tasks);
  else parallel(control, skinnyTask.index, tasks);
}

function skinnyTask(control: usize, task: i32, thread: i32): void {
  const M = arg(control, M_);
  const K = arg(control, K_);
  const aRow = <usize>arg(control, A_ROW), aColumn = <usize>arg(control, A_COLUMN);
  const ldb = <usize>arg(control, LDB);
  const start = task * COLUMNS;
  const count = min(COLUMNS, arg(control, N_) - start);
  const sums = blockScratch(control, thread);
  fillFloats(sums, 0, M * COLUMNS);
  let a = <usize>arg(control, A);
  let b = <usize>arg(control, B) + 4 * <usize>start;
  let k = 0;
  for (; k + 4 <= K; k += 4) {
    let i = 0;
    for (; i + 2 <= M; i += 2) {
      addPair(count, a + <usize>i * aRow, aRow, aColumn, b, ldb, sums + 4 * <usize>(i * COLUMNS));
    }
    if (i < M) addFour(count, a + <usize>i * aRow, aColumn, b, ldb, sums + 4 * <usize>(i * COLUMNS));
    a += 4 * aColumn;
    b += 4 * ldb;
  }
  for (; k < K; k++) {
    for (let i = 0; i < M; i++) addOne(count, a + <usize>i * aRow, b, sums + 4 * <usize>(i * COLUMNS));
    a += aColumn;
    b += ldb;
  }
  writeSums(control, start, count, sums);
}

/** Two rows of sums += two rows of four values of A times four rows of B. */
function addPair(
  count: i32, a: usize, aRow: usize, aColumn: usize, b: usize, ldb: usize, sums: usize,
): void {
  const x0 = v128.load32_splat(a), x1 = v128.load32_splat(a + aColumn);
  const x2 = v128.load32_splat(a + 2 * aColumn), x3 = v128.load32_splat(a + 3 * aColumn);
  a += aRow;
  const y0 = v128.load32_splat(a), y1 = v128.load32_splat(a + aColumn);
  const y2 = v128.load32_splat(a + 2 * aColumn), y3 = v128.load32_splat(a + 3 * aColumn);
  for (let n = count; n > 0; n -= 4) {
    const r0 = loadSome(b, n), r1 = loadSome(b + ldb, n);
    const r2 = loadSome(b + 2 * ldb, n), r3 = loadSome(b + 3 * ldb, n);
    const s = madd(x3, r3, madd(x2, r2, madd(x1, r1, madd(x0, r0, v128.load(sums)))));
    v128.store(sums, s);
    const t = v128.load(sums, 4 * COLUMNS);
    v128.store(sums, madd(y3, r3, madd(y2, r2, madd(y1, r1, madd(y0, r0, t)))), 4 * COLUMNS);
    b += 16;
    sums += 16;
  }
}

/** One row of sums += four values of A times four rows of B. */
function addFour(count: i32, a: usize, aColumn: usize, b: usize, ldb: usize, sums: usize): void {
  const x0 = v128.load32_splat(a), x1 = v128.load32_splat(a + aColumn);
  const x2 = v128.load32_splat(a + 2 * aColumn), x3 = v128.load32_splat(a + 3 * aColumn);
  for (let n = count; n > 0; n -= 4) {
    const s = madd(x1, loadSome(b + ldb, n), madd(x0, loadSome(b, n), v128.load(sums)));
    v128.store(sums, madd(x3, loadSome(b + 3 * ldb, n), madd(x2, loadSome(b + 2 * ldb, n), s)));
    b += 16;
    sums += 16;
  }
}

function addOne(count: i32, a: usize, b: usize, sums: usize): void {
  const x = v128.load32_splat(a);
  for (let n = count; n > 0; n -= 4) {
    v128.store(sums, madd(x, loadSome(b, n), v128.load(sums)));
    b += 16;
    sums += 16;
  }
}

function writeSums(control: usize, start: i32, count: i32, sums: usize): void {
  const M = arg(control, M_);
  const ldc = <usize>arg(control, LDC);
  const alpha = floatArg(control, ALPHA);
  const accumulate = <bool>arg(control, ACCUMULATE);
  const isTransposed = <bool>arg(control, C_TRANSPOSED);
  const across: usize = isTransposed ? ldc : 4;
  const down: usize = isTransposed ? 4 : ldc;
  const c = <usize>arg(control, C) + <usize>start * across;
  for (let i = 0; i < M; i++) {
    let from = sums + 4 * <usize>(i * COLUMNS);
    let to = c + <usize>i * down;
    if (across == 4) {
      const factor = f32x4.splat(alpha);
      for (let n = count; n > 0; n -= 4) {
        const old = accumulate ? loadSome(to, n) : f32x4.splat(0);
        storeSome(to, madd(factor, v128.load(from), old), n);
        from += 16;
        to += 16;
      }
    } else {
      for (let n = count; n > 0; n--) {
        store<f32>(to, alpha * load<f32>(from) + (accumulate ? load<f32>(to) : 0));
        from += 4;
        to += across;
      }
    }
  }
}
