/* The innermost loops of all matrix products: small tiles of C held in registers. */
#ifndef CORTADO_TILES_H
#define CORTADO_TILES_H

#include "vectors.h"

/* What becomes of a tile: c = alpha tile + (adds ? c : bias of the row). */
typedef struct {
  float alpha;
  int adds;
  const float *bias;
} Finish;

/* c[rows][vectors] = a b, for packed a (ROWS floats a step) and b (COLUMNS floats a step). */
INLINE void tile(const int rows, const int vectors, int depth, const float *a, const float *b, float *c,
                 ptrdiff_t ldc, Finish finish)
{
  vec sum[ROWS][2];
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++) sum[i][0] = sum[i][1] = (vec){0};
  for (int k = 0; k < depth; k++) {
    vec left = *(const vec *)b;
    vec right = vectors > 1 ? *(const vec *)(b + LANES) : left;
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++) {
      sum[i][0] += a[i] * left;
      if (vectors > 1) sum[i][1] += a[i] * right;
    }
    a += ROWS;
    b += COLUMNS;
  }
#pragma GCC unroll 16
  for (int i = 0; i < rows; i++) {
#pragma GCC unroll 2
    for (int j = 0; j < vectors; j++) {
      vec *to = (vec *)(c + i * ldc + j * LANES);
      if (finish.adds) *to += finish.alpha * sum[i][j];
      else *to = finish.alpha * sum[i][j] + (finish.bias ? finish.bias[i] : 0.0f);
    }
  }
}

typedef void Tile(int depth, const float *a, const float *b, float *c, ptrdiff_t ldc, Finish finish);

#define TILE(rows)                                                                                      \
  static void tile_##rows##_1(int depth, const float *a, const float *b, float *c, ptrdiff_t ldc,       \
                              Finish finish) { tile(rows, 1, depth, a, b, c, ldc, finish); }             \
  static void tile_##rows##_2(int depth, const float *a, const float *b, float *c, ptrdiff_t ldc,       \
                              Finish finish) { tile(rows, 2, depth, a, b, c, ldc, finish); }
#define ENTRY(rows) {tile_##rows##_1, tile_##rows##_2}

TILE(1) TILE(2) TILE(3) TILE(4)
#if defined(ISA_AVX512)
TILE(5) TILE(6) TILE(7) TILE(8) TILE(9) TILE(10) TILE(11) TILE(12) TILE(13) TILE(14)
static Tile *const TILES[ROWS][2] = {ENTRY(1), ENTRY(2), ENTRY(3), ENTRY(4), ENTRY(5), ENTRY(6), ENTRY(7),
                                     ENTRY(8), ENTRY(9), ENTRY(10), ENTRY(11), ENTRY(12), ENTRY(13), ENTRY(14)};
#elif defined(ISA_AVX2)
TILE(5) TILE(6)
static Tile *const TILES[ROWS][2] = {ENTRY(1), ENTRY(2), ENTRY(3), ENTRY(4), ENTRY(5), ENTRY(6)};
#elif defined(__aarch64__)
TILE(5) TILE(6) TILE(7) TILE(8)
static Tile *const TILES[ROWS][2] = {ENTRY(1), ENTRY(2), ENTRY(3), ENTRY(4), ENTRY(5), ENTRY(6), ENTRY(7), ENTRY(8)};
#else
static Tile *const TILES[ROWS][2] = {ENTRY(1), ENTRY(2), ENTRY(3), ENTRY(4)};
#endif

#endif
