/* BLAS's gemm, with the shapes of layers in mind. */
#ifndef CORTADO_GEMM_H
#define CORTADO_GEMM_H

#include "products.h"

/* ---- Products with one column, or a few ---- */

enum { FEW = 4 };

/* Rows of A are read once, where they lie, and multiplied with up to FEW columns. */
typedef struct {
  const Gemm *g;
  /* The columns of op(B), each K floats. */
  const float *columns;
} Few;

enum { FEW_ROWS = 32 };

INLINE float sum_lanes(vec v)
{
  float sum = 0;
  for (int i = 0; i < LANES; i++) sum += v[i];
  return sum;
}

INLINE void dot_rows(const Gemm *g, const float *columns, int i, const int rows, const int count)
{
  vec sum[4][FEW];
  const float *a = g->a + i * g->a_row;
  float rest[4][FEW] = {{0}};
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
      float *c = g->c + (ptrdiff_t)(i + r) * g->N + j;
      float value = g->alpha * (sum_lanes(sum[r][j]) + rest[r][j]);
      *c = g->adds ? *c + value : value;
    }
  }
}

static void run_few(void *job, int task, int thread)
{
  const Few *few = job;
  const Gemm *g = few->g;
  (void)thread;
  int i = task * FEW_ROWS, end = min(i + FEW_ROWS, g->M);
#define DOT(count)                                                         \
  for (; i + 4 <= end; i += 4) dot_rows(g, few->columns, i, 4, count);     \
  for (; i < end; i++) dot_rows(g, few->columns, i, 1, count);
  if (g->N == 1) { DOT(1) } else if (g->N == 2) { DOT(2) } else if (g->N == 3) { DOT(3) } else { DOT(4) }
#undef DOT
}

/* C = A B with A's rows contiguous and at most FEW columns. */
static void few_columns(Engine *engine, const Gemm *g)
{
  float *columns = engine->packed;
  for (int j = 0; j < g->N; j++) {
    for (int k = 0; k < g->K; k++) columns[(ptrdiff_t)j * g->K + k] = g->b[k * g->b_row + j * g->b_column];
  }
  Few few = {g, columns};
  int64_t work = (int64_t)g->M * g->N * g->K;
  if (work < SMALL_WORK) for (int t = 0; t < ceil_divide(g->M, FEW_ROWS); t++) run_few(&few, t, 0);
  else pool_run(engine->pool, run_few, &few, ceil_divide(g->M, FEW_ROWS));
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
    if (g->N <= FEW && g->a_column == 1 && (int64_t)g->K * g->N <= PACK_FLOATS) few_columns(engine, g);
    else gemm_c(engine, g, 0);
    return;
  }
  Gemm flipped = {
    .M = g->N, .N = g->M, .K = g->K, .items = 1, .alpha = g->alpha,
    .a = g->b, .a_row = g->b_column, .a_column = g->b_row,
    .b = g->a, .b_row = g->a_column, .b_column = g->a_row, .c = g->c, .adds = g->adds,
  };
  if (g->M == 1 && flipped.a_column == 1 && g->K <= PACK_FLOATS) few_columns(engine, &flipped);
  else gemm_c(engine, &flipped, 1);
}

#endif
