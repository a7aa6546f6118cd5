/* Operands in the order in which tiles read them. */
#ifndef CORTADO_PACKING_H
#define CORTADO_PACKING_H

#include "vectors.h"
#include <string.h>

/*
 * A matrix that need not lie in memory as one: element (k, n) is found at base + row offset k + column
 * offset n (bytes), and either offset may come from a table. So a convolution is a matrix product whose
 * columns are never written to memory as such.
 */
typedef struct {
  const char *base;
  ptrdiff_t row_step, column_step;
  const int32_t *rows, *columns;
} Source;

INLINE ptrdiff_t row_offset(const Source *s, int k) { return s->rows ? s->rows[k] : k * s->row_step; }
INLINE ptrdiff_t column_offset(const Source *s, int n) { return s->columns ? s->columns[n] : n * s->column_step; }
INLINE float float_at(const char *p) { return *(const float *)p; }

/* `width` neighbouring columns, of which there are LANES or 4 in memory, row by row. */
INLINE void copy_lanes(const Source *s, int k0, int K, const char *p, const int lanes, float *out)
{
  for (int k = 0; k < K; k++, out += COLUMNS) {
    const char *from = p + row_offset(s, k0 + k);
    if (lanes == 4) *(quad *)out = *(const quad *)from;
    else *(vec *)out = *(const vec *)from;
  }
}

/* Up to four columns that lie anywhere; lanes past `width` repeat the last one. */
static void gather_quad(const Source *s, int k0, int K, int n, int width, float *out)
{
  const char *p[4];
  for (int j = 0; j < 4; j++) p[j] = s->base + column_offset(s, n + min(j, width - 1));
  if (p[3] - p[0] == 12 && p[2] - p[0] == 8 && p[1] - p[0] == 4) {
    copy_lanes(s, k0, K, p[0], 4, out);
    return;
  }
  int k = 0;
  while (k < K) {
    ptrdiff_t row = row_offset(s, k0 + k);
    /* Offsets grow, so three steps of 12 bytes together are four neighbours. */
    if (k + 4 <= K && row_offset(s, k0 + k + 3) - row == 12) {
      transpose(quad_at(p[0] + row), quad_at(p[1] + row), quad_at(p[2] + row), quad_at(p[3] + row), out, COLUMNS);
      k += 4;
      out += 4 * COLUMNS;
    } else {
      for (int j = 0; j < 4; j++) out[j] = float_at(p[j] + row);
      k++;
      out += COLUMNS;
    }
  }
}

/* Packs rows [k0, k0 + K) of COLUMNS columns from n0 on, of which `width` exist. */
static void pack_panel(const Source *s, int k0, int K, int n0, int width, float *out)
{
  for (int j = 0; j < width; j += LANES) {
    ptrdiff_t first = column_offset(s, n0 + j);
    int isRun = j + LANES <= width && column_offset(s, n0 + j + LANES - 1) - first == 4 * (LANES - 1) &&
                column_offset(s, n0 + j + LANES / 2) - first == 2 * LANES;
    if (isRun) {
      copy_lanes(s, k0, K, s->base + first, LANES, out + j);
      continue;
    }
    for (int q = j; q < j + LANES; q += 4) {
      if (q < width) gather_quad(s, k0, K, n0 + q, min(4, width - q), out + q);
      else for (int k = 0; k < K; k++) *(quad *)(out + k * COLUMNS + q) = (quad){0};
    }
  }
}

/* Floats of a packed matrix of K rows and N columns. */
INLINE ptrdiff_t packed_size(int K, int N) { return (ptrdiff_t)K * round_up(N, COLUMNS); }

/* Packs rows of A in panels of ROWS: out[panel][k][i]. One of the steps is 1. */
static void pack_rows(const float *a, ptrdiff_t row, ptrdiff_t column, int M, int K, float *out)
{
  for (int i = 0; i < M; i += ROWS, out += (ptrdiff_t)K * ROWS) {
    const float *p = a + i * row;
    int height = min(ROWS, M - i);
    if (row == 1) {
      for (int k = 0; k < K; k++) memcpy(out + k * ROWS, p + k * column, 4 * (size_t)height);
      continue;
    }
    int done = 0;
    for (; done + 4 <= height || (done < height && height >= 4); done += 4) {
      /* The last four rows may overlap those before them. */
      int r = min(done, height - 4);
      const float *q = p + r * row;
      int k = 0;
      for (; k + 4 <= K; k += 4) {
        transpose(*(const quad *)(q + k), *(const quad *)(q + row + k), *(const quad *)(q + 2 * row + k),
                  *(const quad *)(q + 3 * row + k), out + k * ROWS + r, ROWS);
      }
      for (; k < K; k++) {
        for (int j = 0; j < 4; j++) out[k * ROWS + r + j] = q[j * row + k];
      }
    }
    for (int r = done; r < height; r++) {
      for (int k = 0; k < K; k++) out[k * ROWS + r] = p[r * row + k];
    }
  }
}

#endif
