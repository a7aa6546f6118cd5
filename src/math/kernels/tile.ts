/** @file The innermost loops of all matrix products: small tiles of C held in registers. */
import { F, loadSome, madd, sumLanes } from "./simd";

/** Rows of a tile. */
export const TILE_ROWS: i32 = 4;
/** Columns of a tile, and of a panel of packed B. */
export const TILE_COLUMNS: i32 = 8;

/**
 * Computes `count` tiles: c[rows][8] = alpha a[rows][K] b[K][8] + (accumulate ? c : bias), then moves
 * on by the steps.
 *
 * Eight accumulators, two vectors of b and four of a: more would not fit the 16 registers of x64. The
 * loop is not unrolled, because V8 moves all loads of a loop's body to its start.
 * @param rows 1 to 4
 * @param a rows of K contiguous floats, `lda` bytes apart
 * @param b panel of K x 8 floats
 * @param ldc bytes between rows of c
 * @param bias one float a row, or 0
 */
export function tiles(
  count: i32, rows: i32, K: i32, alpha: f32, a: usize, lda: usize, b: usize, c: usize, ldc: usize,
  accumulate: bool, bias: usize, aStep: usize, bStep: usize, cStep: usize,
): void {
  const factor = f32x4.splat(alpha);
  const second = rows > 1 ? lda : 0;
  const third = rows > 2 ? 2 * lda : 0;
  const fourth = rows > 3 ? 3 * lda : 0;
  for (let i = 0; i < count; i++) {
    let a0 = a, a1 = a + second, a2 = a + third, a3 = a + fourth;
    let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00;
    let c20 = c00, c21 = c00, c30 = c00, c31 = c00;
    let p = b;
    for (const end = b + 32 * <usize>K; p < end; p += 32) {
      const b0 = v128.load(p), b1 = v128.load(p, 16);
      let x = v128.load32_splat(a0);
      c00 = madd(x, b0, c00); c01 = madd(x, b1, c01);
      x = v128.load32_splat(a1);
      c10 = madd(x, b0, c10); c11 = madd(x, b1, c11);
      x = v128.load32_splat(a2);
      c20 = madd(x, b0, c20); c21 = madd(x, b1, c21);
      x = v128.load32_splat(a3);
      c30 = madd(x, b0, c30); c31 = madd(x, b1, c31);
      a0 += F; a1 += F; a2 += F; a3 += F;
    }
    writeRow(c, c00, c01, factor, accumulate, bias);
    if (rows > 1) writeRow(c + ldc, c10, c11, factor, accumulate, bias ? bias + F : 0);
    if (rows > 2) writeRow(c + 2 * ldc, c20, c21, factor, accumulate, bias ? bias + 2 * F : 0);
    if (rows > 3) writeRow(c + 3 * ldc, c30, c31, factor, accumulate, bias ? bias + 3 * F : 0);
    a += aStep;
    b += bStep;
    c += cStep;
    if (bias && aStep) bias += 4 * F;
  }
}

// @ts-ignore: decorator
@inline
function writeRow(c: usize, left: v128, right: v128, factor: v128, accumulate: bool, bias: usize): void {
  if (accumulate) {
    v128.store(c, madd(factor, left, v128.load(c)));
    v128.store(c, madd(factor, right, v128.load(c, 16)), 16);
  } else {
    const start = bias ? v128.load32_splat(bias) : f32x4.splat(0);
    v128.store(c, madd(factor, left, start));
    v128.store(c, madd(factor, right, start), 16);
  }
}

/**
 * c[4][width] = alpha a[4][K] b[width][K]^T + (accumulate ? c : bias), for 1 to 4 columns.
 *
 * Vectors run along K: with so few columns a tile of `tile` would be mostly padding.
 * @param b columns of K contiguous floats, `ldb` bytes apart
 */
export function dotTile(
  rows: i32, width: i32, K: i32, alpha: f32, a: usize, lda: usize, b: usize, ldb: usize,
  c: usize, ldc: usize, accumulate: bool, bias: usize,
): void {
  for (let j = 0; j < width; j += 2) {
    const last = j + 1 == width;
    const left = b + <usize>j * ldb;
    dotPair(rows, last, K, alpha, a, lda, left, last ? left : left + ldb, c + <usize>j * F, ldc, accumulate, bias);
  }
}

/** Two columns of `dotTile`, or one where `single`. */
function dotPair(
  rows: i32, single: bool, K: i32, alpha: f32, a: usize, lda: usize, b0: usize, b1: usize,
  c: usize, ldc: usize, accumulate: bool, bias: usize,
): void {
  let a0 = a;
  let a1 = rows > 1 ? a + lda : a;
  let a2 = rows > 2 ? a + 2 * lda : a;
  let a3 = rows > 3 ? a + 3 * lda : a;
  let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00;
  let s20 = s00, s21 = s00, s30 = s00, s31 = s00;
  let k = K;
  for (; k >= 4; k -= 4) {
    const x = v128.load(b0), y = v128.load(b1);
    let r = v128.load(a0);
    s00 = madd(r, x, s00); s01 = madd(r, y, s01);
    r = v128.load(a1);
    s10 = madd(r, x, s10); s11 = madd(r, y, s11);
    r = v128.load(a2);
    s20 = madd(r, x, s20); s21 = madd(r, y, s21);
    r = v128.load(a3);
    s30 = madd(r, x, s30); s31 = madd(r, y, s31);
    a0 += 16; a1 += 16; a2 += 16; a3 += 16; b0 += 16; b1 += 16;
  }
  if (k > 0) {
    const x = loadSome(b0, k), y = loadSome(b1, k);
    let r = loadSome(a0, k);
    s00 = madd(r, x, s00); s01 = madd(r, y, s01);
    r = loadSome(a1, k);
    s10 = madd(r, x, s10); s11 = madd(r, y, s11);
    r = loadSome(a2, k);
    s20 = madd(r, x, s20); s21 = madd(r, y, s21);
    r = loadSome(a3, k);
    s30 = madd(r, x, s30); s31 = madd(r, y, s31);
  }
  writePair(c, s00, s01, single, alpha, accumulate, bias);
  if (rows > 1) writePair(c + ldc, s10, s11, single, alpha, accumulate, bias ? bias + F : 0);
  if (rows > 2) writePair(c + 2 * ldc, s20, s21, single, alpha, accumulate, bias ? bias + 2 * F : 0);
  if (rows > 3) writePair(c + 3 * ldc, s30, s31, single, alpha, accumulate, bias ? bias + 3 * F : 0);
}

function writePair(
  c: usize, left: v128, right: v128, single: bool, alpha: f32, accumulate: bool, bias: usize,
): void {
  const start: f32 = bias ? load<f32>(bias) : 0;
  store<f32>(c, alpha * sumLanes(left) + (accumulate ? load<f32>(c) : start));
  if (!single) store<f32>(c, alpha * sumLanes(right) + (accumulate ? load<f32>(c, 4) : start), 4);
}
