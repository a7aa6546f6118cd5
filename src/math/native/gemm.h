/* BLAS's gemm, with the shapes of layers in mind. */
#ifndef CORTADO_GEMM_H
#define CORTADO_GEMM_H

#include "products.h"

/* ---- Products with few columns ---- */

/* Up to so many columns; so many are summed at a time, while rows of A are in the cache. */
enum { FEW = 16, FEW_AT_ONCE = 4 };

/* Rows of A are read once, where they lie, and multiplied with all columns. */
typedef struct {
  const Gemm *g;
  /* The columns of op(B), each K floats. */
  const float *columns;
  Target c;
} Few;

enum { FEW_ROWS = 32 };

INLINE float sum_lanes(vec v)
{
  float sum = 0;
  for (int i = 0; i < LANES; i++) sum += v[i];
  return sum;
}

INLINE void dot_rows(const Few *few, int i, int first, const int rows, const int count)
{
  const Gemm *g = few->g;
  vec sum[4][FEW_AT_ONCE];
  const float *a = g->a + i * g->a_row, *columns = few->columns + (ptrdiff_t)first * g->K;
  float rest[4][FEW_AT_ONCE] = {{0}};
  for (int r = 0; r < rows; r++) for (int j = 0; j < count; j++) sum[r][j] = (vec){0};
  int k = 0;
  for (; k + LANES <= g->K; k += LANES) {
#pragma GCC unroll 4
    for (int j = 0; j < count; j++) {
      vec x = *(const vec *)(columns + (ptrdiff_t)j * g->K + k);
#pragma GCC unroll 4
      for (int r = 0; r < rows; r++) sum[r][j] += *(const vec *)(a + r * g->a_row + k) * x;
    }
  }
  for (; k < g->K; k++) {
    for (int r = 0; r < rows; r++) for (int j = 0; j < count; j++) rest[r][j] += a[r * g->a_row + k] * columns[(ptrdiff_t)j * g->K + k];
  }
  for (int r = 0; r < rows; r++) {
    for (int j = 0; j < count; j++) {
      float *c = few->c.c + (i + r) * few->c.row + (first + j) * few->c.column;
      float value = g->alpha * (sum_lanes(sum[r][j]) + rest[r][j]);
      *c = g->adds ? *c + value : value;
    }
  }
}

INLINE void dot_all(const Few *few, int i, const int rows)
{
  int j = 0, N = few->g->N;
  for (; j + 4 <= N; j += 4) dot_rows(few, i, j, rows, 4);
  if (N - j == 1) dot_rows(few, i, j, rows, 1);
  else if (N - j == 2) dot_rows(few, i, j, rows, 2);
  else if (N - j == 3) dot_rows(few, i, j, rows, 3);
}

static void run_few(void *job, int task, int thread)
{
  const Few *few = job;
  (void)thread;
  int i = task * FEW_ROWS, end = min(i + FEW_ROWS, few->g->M);
  for (; i + 4 <= end; i += 4) dot_all(few, i, 4);
  for (; i < end; i++) dot_all(few, i, 1);
}

/* C = A B, or its transpose, with A's rows contiguous and at most FEW columns. */
static void few_columns(Engine *engine, const Gemm *g, int isTransposed)
{
  float *columns = engine->packed;
  for (int j = 0; j < g->N; j++) {
    for (int k = 0; k < g->K; k++) columns[(ptrdiff_t)j * g->K + k] = g->b[k * g->b_row + j * g->b_column];
  }
  Few few = {g, columns, isTransposed ? (Target){g->c, 1, g->M} : (Target){g->c, g->N, 1}};
  int64_t work = (int64_t)g->M * g->N * g->K;
  run_tasks(engine, run_few, &few, ceil_divide(g->M, FEW_ROWS), work, SMALL_WORK);
}

INLINE int has_few_columns(const Gemm *g)
{
  return g->N <= FEW && g->a_column == 1 && (int64_t)g->K * g->N <= PACK_FLOATS;
}

/* ---- All others ---- */

static void gemm_c(Engine *engine, const Gemm *g, int isTransposed)
{
  Product p = {
    .M = g->M, .N = g->N, .K = g->K, .items = g->items, .alpha = g->alpha,
    .a = g->a, .a_row = g->a_row, .a_column = g->a_column, .a_step = g->a_step,
    .b = {bytes(g->b), 4 * g->b_row, 4 * g->b_column, NULL, NULL},
    .b_step = g->b_step,
    .c = isTransposed ? (Target){g->c, 1, g->M} : (Target){g->c, g->N, 1}, .c_step = g->c_step, .adds = g->adds,
  };
  run_product(engine, &p);
}

static void gemm(Engine *engine, const Gemm *g)
{
  if (g->items > 1) {
    gemm_c(engine, g, 0);
    return;
  }
  /* The smaller operand is the one to be packed whole: with few rows C^T = B^T A^T is computed. */
  int isFlat = g->M < g->N && g->M <= 128;
  if (!isFlat) {
    if (has_few_columns(g)) few_columns(engine, g, 0);
    else gemm_c(engine, g, 0);
    return;
  }
  Gemm flipped = {
    .M = g->N, .N = g->M, .K = g->K, .items = 1, .alpha = g->alpha,
    .a = g->b, .a_row = g->b_column, .a_column = g->b_row,
    .b = g->a, .b_row = g->a_column, .b_column = g->a_row, .c = g->c, .adds = g->adds,
  };
  if (has_few_columns(&flipped)) few_columns(engine, &flipped, 1);
  else gemm_c(engine, &flipped, 1);
}

#endif
