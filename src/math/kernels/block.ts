/** @file One thread's share of a matrix product: rows of A times packed panels of B. */
import { BLOCK_DEPTH, blockScratch, ceilDivide, tileScratch } from "./memory";
import { transposeTo } from "./pack";
import { copyFloats } from "./simd";
import { TILE_COLUMNS, TILE_ROWS, dotTile, tiles } from "./tile";

/** Rows of A that are whole pages apart share few places in the first cache: they are copied first. */
const PAGE: usize = 4096;
/** Columns from which on that pays. */
const MANY = 128;
/** Below this depth a block's panels of B fit the first cache, and C is better walked row by row. */
const SHALLOW = 128;

/**
 * c[M][N] = alpha a[M][K] B[K][N] + (accumulate ? c : bias), for M up to BLOCK_ROWS.
 *
 * @param a element (i, k) at a + i rowStep + k columnStep (bytes); one of the steps is 4
 * @param packed the first panel; panels are K rows deep
 * @param c element (i, j) at c + i ldc + j 4, or where `isTransposed` at c + j ldc + i 4
 * @param bias one float a row, or 0
 */
export function multiplyBlock(
  control: usize, thread: i32, M: i32, N: i32, K: i32, alpha: f32,
  a: usize, lda: usize, isATransposed: bool, packed: usize,
  c: usize, ldc: usize, isCTransposed: bool, accumulate: bool, bias: usize,
): void {
  const parts = ceilDivide(K, BLOCK_DEPTH);
  const depth = (ceilDivide(K, parts) + 3) & ~3;
  for (let k = 0; k < K; k += depth) {
    const kc = min(depth, K - k);
    let rows = a + 4 * <usize>k;
    let step = lda;
    if (isATransposed) {
      rows = blockScratch(control, thread);
      step = 4 * <usize>BLOCK_DEPTH;
      transposeBlock(a + <usize>k * lda, lda, M, kc, rows, step);
    } else if (lda % PAGE == 0 && N >= MANY) {
      rows = blockScratch(control, thread);
      step = 4 * <usize>kc;
      for (let i = 0; i < M; i++) {
        copyFloats(a + <usize>i * lda + 4 * <usize>k, rows + <usize>i * step, kc);
      }
    }
    const adds = accumulate || k > 0;
    const panels = packed + 32 * <usize>k;
    // Whole tiles of C as it lies; the rest takes a detour.
    const whole = isCTransposed ? 0 : N / TILE_COLUMNS;
    if (kc <= SHALLOW) {
      for (let i = 0; i < M; i += TILE_ROWS) {
        tiles(
          whole, min(TILE_ROWS, M - i), kc, alpha, rows + <usize>i * step, step, panels,
          c + <usize>i * ldc, ldc, adds, bias ? bias + 4 * <usize>i : 0, 0, 32 * <usize>K, 32,
        );
      }
    } else {
      const full = M / TILE_ROWS;
      const rest = full * TILE_ROWS;
      for (let j = 0; j < whole; j++) {
        const panel = panels + 32 * <usize>(j * K);
        const place = c + 32 * <usize>j;
        tiles(full, TILE_ROWS, kc, alpha, rows, step, panel, place, ldc, adds, bias, TILE_ROWS * step, 0, TILE_ROWS * ldc);
        if (rest == M) continue;
        tiles(
          1, M - rest, kc, alpha, rows + <usize>rest * step, step, panel, place + <usize>rest * ldc, ldc,
          adds, bias ? bias + 4 * <usize>rest : 0, 0, 0, 0,
        );
      }
    }
    for (let j = whole * TILE_COLUMNS; j < N; j += TILE_COLUMNS) {
      for (let i = 0; i < M; i += TILE_ROWS) {
        place(control, thread, i, j, M, N, K, k, kc, alpha, rows, step, packed, c, ldc, isCTransposed, adds, bias);
      }
    }
  }
}

/** Computes one tile that is ragged or of a transposed C. */
function place(
  control: usize, thread: i32, i: i32, j: i32, M: i32, N: i32, K: i32, k: i32, kc: i32, alpha: f32,
  rows: usize, step: usize, packed: usize, c: usize, ldc: usize, isCTransposed: bool,
  accumulate: bool, bias: usize,
): void {
  const height = min(TILE_ROWS, M - i);
  const width = min(TILE_COLUMNS, N - j);
  const a = rows + <usize>i * step;
  const panel = packed + 4 * <usize>j * <usize>K;
  const start = bias ? bias + 4 * <usize>i : 0;
  const temporary = tileScratch(control, thread);
  const down: usize = isCTransposed ? 4 : ldc;
  const across: usize = isCTransposed ? ldc : 4;
  const place = c + <usize>i * down + <usize>j * across;
  if (width > 4) {
    tiles(1, height, kc, alpha, a, step, panel + 32 * <usize>k, temporary, 32, false, 0, 0, 0, 0);
  } else {
    const column = panel + 4 * <usize>k;
    if (!isCTransposed) {
      dotTile(height, width, kc, alpha, a, step, column, 4 * <usize>K, place, ldc, accumulate, start);
      return;
    }
    dotTile(height, width, kc, alpha, a, step, column, 4 * <usize>K, temporary, 32, false, 0);
  }
  merge(temporary, height, width, place, down, across, accumulate, start);
}

/** Adds the first `width` columns of a 4 x 8 tile to C, or writes them. */
function merge(
  from: usize, height: i32, width: i32, c: usize, down: usize, across: usize, accumulate: bool, bias: usize,
): void {
  for (let i = 0; i < height; i++) {
    const start: f32 = bias ? load<f32>(bias + 4 * <usize>i) : 0;
    let to = c + <usize>i * down;
    for (let j = 0; j < width; j++) {
      const value = load<f32>(from + 32 * <usize>i + 4 * <usize>j);
      store<f32>(to, value + (accumulate ? load<f32>(to) : start));
      to += across;
    }
  }
}

/** to[i][k] = from[k][i], for M columns and K rows of `from`. */
function transposeBlock(from: usize, lda: usize, M: i32, K: i32, to: usize, step: usize): void {
  let k = 0;
  for (; k + 4 <= K; k += 4) {
    const p = from + <usize>k * lda;
    const out = to + 4 * <usize>k;
    let i = 0;
    for (; i + 4 <= M; i += 4) {
      const q = p + 4 * <usize>i;
      transposeTo(q, q + lda, q + 2 * lda, q + 3 * lda, out + <usize>i * step, step);
    }
    for (; i < M; i++) {
      for (let l: usize = 0; l < 4; l++) {
        store<f32>(out + <usize>i * step + 4 * l, load<f32>(p + l * lda + 4 * <usize>i));
      }
    }
  }
  for (; k < K; k++) {
    const p = from + <usize>k * lda;
    for (let i = 0; i < M; i++) {
      store<f32>(to + <usize>i * step + 4 * <usize>k, load<f32>(p + 4 * <usize>i));
    }
  }
}
