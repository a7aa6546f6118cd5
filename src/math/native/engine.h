/* What the files of the native engine share. */
#ifndef CORTADO_ENGINE_H
#define CORTADO_ENGINE_H

#include <stddef.h>
#include <stdint.h>

/* ---- threads.c: work shared by threads ---- */

typedef struct Pool Pool;
typedef void (*Task)(void *job, int task, int thread);

/*
 * A pool of so many threads, the calling one included. `control` is the control block of the WebAssembly
 * kernels; `rouse` starts their threads or wakes them. NULL when there is no memory; `free` ends it.
 */
Pool *pool_create(char *control, int threads, void (*rouse)(void *host), void *host);
/* Runs tasks 0 to tasks - 1, in any order on any thread; returns when all are done. */
void pool_run(Pool *pool, Task run, void *job, int tasks);
/* Called by the other threads: takes tasks until there are none. */
void pool_help(Pool *pool, int thread);
/* From now on the caller works alone. */
void pool_stop(Pool *pool);

/* ---- The engine ---- */

/* Floats of the buffer for packed operands, which all threads share. */
enum { PACK_FLOATS = 3 << 19 };
/* Floats of each thread's own memory. */
enum { SCRATCH_FLOATS = 1 << 20 };

typedef struct {
  /* Where the heap begins; every address that the host gives is an offset from here. */
  char *heap;
  Pool *pool;
  int threads;
  float *packed;
  float *scratch;
  /* Padded copies of images; grows to what the largest convolution needs. */
  float *padded;
  size_t padded_floats;
} Engine;

/*
 * A convolution as the host describes it (src/math/kernels/geometry.ts): int32 fields in this order,
 * tables as offsets from the heap's start.
 */
typedef struct {
  int32_t images, image_channels, out_channels, groups, taps, positions, image_area, padded_area;
  int32_t is_padded, rows, width, padded_width, pad_left, copied_width;
  uint32_t tap_table, position_table, row_table;
  int32_t run, run_step, tap_run, is_plain, channels_per_task, is_thin, is_batch;
} Geometry;

/* ---- kernels.c, compiled once for each instruction set ---- */

typedef struct {
  int M, N, K;
  float alpha;
  /* Element (i, k) of op(A) lies at a + i a_row + k a_column floats; one of the steps is 1. */
  const float *a;
  ptrdiff_t a_row, a_column;
  /* Likewise op(B). */
  const float *b;
  ptrdiff_t b_row, b_column;
  /* Row-major, N floats a row; C is added to where `adds`. */
  float *c;
  int adds;
  /* So many products of this shape, each so many floats after the one before; one has no steps. */
  int items;
  ptrdiff_t a_step, b_step, c_step;
} Gemm;

typedef struct {
  const char *name;
  void (*gemm)(Engine *engine, const Gemm *gemm);
  /* Reserves memory for a convolution; 0 where it does not fit. The three below need it. */
  int (*prepare)(Engine *engine, const Geometry *geometry);
  /* out = bias + weight * image; bias may be NULL. */
  void (*correlate)(Engine *engine, const Geometry *geometry, const float *image, const float *weight,
                    const float *bias, float *out);
  /* image = bias + the transposed convolution of out. */
  void (*scatter)(Engine *engine, const Geometry *geometry, const float *out, const float *weight,
                  const float *bias, float *image);
  /* weight_diff = the gradient + (adds ? weight_diff : 0). */
  void (*weight_gradient)(Engine *engine, const Geometry *geometry, const float *image, const float *out,
                          float *weight_diff, int adds);
} Kernels;

extern const Kernels kernels_base;
#if defined(__x86_64__)
extern const Kernels kernels_avx2;
extern const Kernels kernels_avx512;
#endif

/* Memory for padded copies, made larger where it holds less than `floats`; NULL when there is none. */
float *engine_padded(Engine *engine, size_t floats);

#endif
