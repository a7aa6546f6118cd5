/*
 * Matrix products and convolutions. This file is compiled once for each instruction set; the compiler
 * turns `vec` into its registers. Work is cut into tasks by the shapes alone, so that every result is
 * the same for any number of threads.
 */
#include "engine.h"

#include <string.h>

#if defined(ISA_AVX512)
enum { LANES = 16, ROWS = 14, DEPTH = 256 };
#define KERNELS kernels_avx512
#define NAME "AVX-512"
#elif defined(ISA_AVX2)
enum { LANES = 8, ROWS = 6, DEPTH = 256 };
#define KERNELS kernels_avx2
#define NAME "AVX2"
#elif defined(__aarch64__)
enum { LANES = 4, ROWS = 8, DEPTH = 256 };
#define KERNELS kernels_base
#define NAME "NEON"
#else
enum { LANES = 4, ROWS = 4, DEPTH = 256 };
#define KERNELS kernels_base
#define NAME "baseline"
#endif

/* A tile of C is ROWS x COLUMNS; it lives in registers. */
enum { COLUMNS = 2 * LANES };
/* Rows of A that a thread packs at a time, and columns of a block of a scattering task. */
enum { BLOCK_ROWS = 16 * ROWS, BLOCK_COLUMNS = 512 };
/* Tasks that a job should have, so that many threads find work; fewer multiply-adds need no second thread. */
enum { WANTED_TASKS = 24, SMALL_WORK = 200000 };

typedef float vec __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef float quad __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t quad_index __attribute__((vector_size(16)));

#define INLINE static inline __attribute__((always_inline))

INLINE int min(int a, int b) { return a < b ? a : b; }
INLINE int max(int a, int b) { return a > b ? a : b; }
INLINE int ceil_divide(int n, int d) { return (n + d - 1) / d; }
INLINE int round_up(int n, int d) { return ceil_divide(n, d) * d; }
INLINE const char *bytes(const float *p) { return (const char *)p; }

/* The length of `parts` equal parts of n, in steps of `step`. */
INLINE int part(int n, int longest, int step) { return round_up(ceil_divide(n, ceil_divide(n, longest)), step); }

/* ---- Tiles ---- */

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

/* ---- Packing ---- */

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

#if defined(__clang__)
#define SHUFFLE(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
#define SHUFFLE(a, b, i, j, k, l) __builtin_shuffle(a, b, (quad_index){i, j, k, l})
#endif

/* Four vectors (rows) become four vectors (columns), `step` floats apart. */
INLINE void transpose(quad a, quad b, quad c, quad d, float *out, ptrdiff_t step)
{
  quad ab = SHUFFLE(a, b, 0, 4, 1, 5), ab2 = SHUFFLE(a, b, 2, 6, 3, 7);
  quad cd = SHUFFLE(c, d, 0, 4, 1, 5), cd2 = SHUFFLE(c, d, 2, 6, 3, 7);
  *(quad *)out = SHUFFLE(ab, cd, 0, 1, 4, 5);
  *(quad *)(out + step) = SHUFFLE(ab, cd, 2, 3, 6, 7);
  *(quad *)(out + 2 * step) = SHUFFLE(ab2, cd2, 0, 1, 4, 5);
  *(quad *)(out + 3 * step) = SHUFFLE(ab2, cd2, 2, 3, 6, 7);
}

INLINE quad quad_at(const char *p) { return *(const quad *)p; }

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

/* ---- One thread's share of a product ---- */

/* Where a block of C goes. */
typedef struct {
  float *c;
  ptrdiff_t row, column;
} Target;

/* A tile that is ragged, or of a C whose columns are not neighbours. */
static void place_tile(int height, int width, int K, const float *a, const float *b, Target to, Finish finish)
{
  float values[ROWS * COLUMNS];
  TILES[height - 1][width > LANES](K, a, b, values, COLUMNS, (Finish){finish.alpha, 0, NULL});
  for (int i = 0; i < height; i++) {
    float start = !finish.adds && finish.bias ? finish.bias[i] : 0.0f;
    for (int j = 0; j < width; j++) {
      float *c = to.c + i * to.row + j * to.column;
      *c = values[i * COLUMNS + j] + (finish.adds ? *c : start);
    }
  }
}

/*
 * to[M][N] = alpha a b + ..., for a packed by pack_rows and b packed in panels `panel` floats apart, both
 * K deep.
 */
static void multiply(int M, int N, int K, const float *a, const float *b, ptrdiff_t panel, Target to, Finish finish)
{
  for (int i = 0; i < M; i += ROWS) {
    int height = min(ROWS, M - i);
    const float *rows = a + (ptrdiff_t)i * K;
    Finish own = {finish.alpha, finish.adds, finish.bias ? finish.bias + i : NULL};
    for (int j = 0; j < N; j += COLUMNS) {
      int width = min(COLUMNS, N - j);
      const float *columns = b + j / COLUMNS * panel;
      Target place = {to.c + i * to.row + j * to.column, to.row, to.column};
      if (to.column == 1 && (width == COLUMNS || width == LANES)) {
        TILES[height - 1][width > LANES](K, rows, columns, place.c, to.row, own);
      } else place_tile(height, width, K, rows, columns, place, own);
    }
  }
}

/* ---- Products of items, which share A or add up ---- */

/*
 * For each item: C = alpha A B + (adds ? C : bias). Where `c_step` is 0 the items add up in one C. Steps
 * from item to item are in floats.
 */
typedef struct {
  int M, N, K, items;
  float alpha;
  const float *a;
  ptrdiff_t a_row, a_column, a_step;
  Source b;
  ptrdiff_t b_step;
  Target c;
  ptrdiff_t c_step;
  int adds;
  const float *bias;
  /* Set while it runs. */
  int rows_per_task, columns_per_task, first_item, batch, k0, depth;
  float *packed;
  float *scratch;
} Product;

INLINE Source source_of(const Product *p, int item)
{
  Source source = p->b;
  source.base += 4 * p->b_step * item;
  return source;
}

INLINE Finish finish_of(const Product *p, int isFirst)
{
  return (Finish){p->alpha, p->adds || !isFirst, p->bias};
}

INLINE Target target_of(const Product *p, int item, int i, int j)
{
  return (Target){p->c.c + item * p->c_step + i * p->c.row + j * p->c.column, p->c.row, p->c.column};
}

INLINE float *scratch_of(float *scratch, int thread) { return scratch + (ptrdiff_t)thread * SCRATCH_FLOATS; }

/*
 * Wide: few weights and many columns. All of A is packed once; each task packs some columns of one item
 * for itself and multiplies them with all of A while they are in its cache.
 */
static void pack_wide(void *job, int task, int thread)
{
  const Product *p = job;
  (void)thread;
  int i = task * BLOCK_ROWS, M = min(BLOCK_ROWS, p->M - i);
  int depth = part(p->K, DEPTH, 1);
  for (int k = 0; k < p->K; k += depth) {
    int K = min(depth, p->K - k);
    /* Parts of K follow each other, each with all its rows. */
    float *out = p->packed + (ptrdiff_t)k * round_up(p->M, ROWS) + (ptrdiff_t)i * K;
    pack_rows(p->a + i * p->a_row + k * p->a_column, p->a_row, p->a_column, M, K, out);
  }
}

static void run_wide(void *job, int task, int thread)
{
  const Product *p = job;
  int chunks = ceil_divide(p->N, p->columns_per_task);
  int item = task / chunks, n = task % chunks * p->columns_per_task;
  int N = min(p->columns_per_task, p->N - n);
  int depth = part(p->K, DEPTH, 1);
  Source source = source_of(p, item);
  float *b = scratch_of(p->scratch, thread);
  for (int k = 0; k < p->K; k += depth) {
    int K = min(depth, p->K - k);
    for (int j = 0; j < N; j += COLUMNS) pack_panel(&source, k, K, n + j, min(COLUMNS, N - j), b + (ptrdiff_t)j * K);
    const float *a = p->packed + (ptrdiff_t)k * round_up(p->M, ROWS);
    multiply(p->M, N, K, a, b, (ptrdiff_t)COLUMNS * K, target_of(p, item, 0, n), finish_of(p, k == 0));
  }
}

static void wide(Engine *engine, Product *p)
{
  p->packed = engine->packed;
  p->scratch = engine->scratch;
  pool_run(engine->pool, pack_wide, p, ceil_divide(p->M, BLOCK_ROWS));
  int columns = 8 * COLUMNS;
  while (columns > COLUMNS && p->items * ceil_divide(p->N, columns) < WANTED_TASKS) columns /= 2;
  p->columns_per_task = columns;
  pool_run(engine->pool, run_wide, p, p->items * ceil_divide(p->N, columns));
}

/*
 * Tall: many weights. All columns of all items are packed once, as far as they fit; each task packs some
 * rows of A for itself, so A is read once, where it lies.
 */
static void pack_tall(void *job, int task, int thread)
{
  const Product *p = job;
  (void)thread;
  int panels = ceil_divide(p->N, COLUMNS);
  int item = task / panels, j = task % panels * COLUMNS;
  Source source = source_of(p, p->first_item + item);
  pack_panel(&source, p->k0, p->depth, j, min(COLUMNS, p->N - j),
             p->packed + item * packed_size(p->depth, p->N) + (ptrdiff_t)j * p->depth);
}

static void run_tall(void *job, int task, int thread)
{
  const Product *p = job;
  int across = ceil_divide(p->N, p->columns_per_task);
  int i = task / across * p->rows_per_task, j = task % across * p->columns_per_task;
  int M = min(p->rows_per_task, p->M - i), N = min(p->columns_per_task, p->N - j);
  float *a = scratch_of(p->scratch, thread);
  int depth = part(p->depth, DEPTH, 1);
  for (int item = 0; item < p->batch; item++) {
    for (int k = 0; k < p->depth; k += depth) {
      int K = min(depth, p->depth - k);
      int index = p->first_item + item;
      const float *from = p->a + index * p->a_step + i * p->a_row + (p->k0 + k) * p->a_column;
      pack_rows(from, p->a_row, p->a_column, M, K, a);
      const float *b = p->packed + item * packed_size(p->depth, p->N) + (ptrdiff_t)j * p->depth + (ptrdiff_t)k * COLUMNS;
      int isFirst = k == 0 && p->k0 == 0 && (p->c_step != 0 || index == 0);
      Finish finish = finish_of(p, isFirst);
      if (finish.bias) finish.bias += i;
      multiply(M, N, K, a, b, (ptrdiff_t)COLUMNS * p->depth, target_of(p, index, i, j), finish);
    }
  }
}

static void cut_tall(Product *p)
{
  int rows = min(round_up(p->M, ROWS), 8 * ROWS), columns = round_up(p->N, COLUMNS);
  if ((int64_t)p->M * p->N * p->K * p->batch >= SMALL_WORK) {
    while (ceil_divide(p->M, rows) * ceil_divide(p->N, columns) < WANTED_TASKS) {
      if (rows > 2 * ROWS) rows = round_up(rows / 2, ROWS);
      else if (columns > 4 * COLUMNS) columns = round_up(columns / 2, COLUMNS);
      else if (rows > ROWS) rows = ROWS;
      else break;
    }
  }
  p->rows_per_task = rows;
  p->columns_per_task = columns;
}

/* One range of columns, which fit the buffer with a depth of `depth`. */
static void tall_columns(Engine *engine, Product *p, int longest)
{
  int depth = part(p->K, longest, 1);
  int batch = max(1, min(p->items, (int)(PACK_FLOATS / packed_size(depth, p->N))));
  for (int item = 0; item < p->items; item += batch) {
    p->first_item = item;
    p->batch = min(batch, p->items - item);
    cut_tall(p);
    for (int k = 0; k < p->K; k += depth) {
      p->k0 = k;
      p->depth = min(depth, p->K - k);
      pool_run(engine->pool, pack_tall, p, p->batch * ceil_divide(p->N, COLUMNS));
      pool_run(engine->pool, run_tall, p, ceil_divide(p->M, p->rows_per_task) * ceil_divide(p->N, p->columns_per_task));
    }
  }
}

static void tall(Engine *engine, Product *p)
{
  p->packed = engine->packed;
  p->scratch = engine->scratch;
  int longest = min(p->K, packed_size(p->K, p->N) > PACK_FLOATS ? 4096 : p->K);
  int columns = PACK_FLOATS / part(p->K, longest, 1) / COLUMNS * COLUMNS;
  columns = part(p->N, max(columns, COLUMNS), COLUMNS);
  for (int n = 0; n < p->N; n += columns) {
    Product range = *p;
    range.N = min(columns, p->N - n);
    range.c.c += n * p->c.column;
    if (p->b.columns) range.b.columns += n;
    else range.b.base += n * p->b.column_step;
    tall_columns(engine, &range, longest);
  }
}

/*
 * Deep: a small C whose sums are long, as the gradients of first layers are. Each task sums a range of K
 * of all items in a C of its own; these are added up in order.
 */
enum { DEEP_TASKS = 16, DEEP_FLOATS = PACK_FLOATS / DEEP_TASKS };

static void run_deep(void *job, int task, int thread)
{
  const Product *p = job;
  int depth = part(p->K, DEPTH, 1), parts = ceil_divide(p->K, depth), all = p->items * parts;
  float *sum = p->packed + (ptrdiff_t)task * DEEP_FLOATS;
  float *a = scratch_of(p->scratch, thread);
  float *b = a + (ptrdiff_t)round_up(p->M, ROWS) * depth;
  Target to = {sum, p->N, 1};
  int first = (int)((int64_t)all * task / DEEP_TASKS), end = (int)((int64_t)all * (task + 1) / DEEP_TASKS);
  memset(sum, 0, 4 * (size_t)p->M * (size_t)p->N);
  for (int step = first; step < end; step++) {
    int item = step / parts, k = step % parts * depth, K = min(depth, p->K - k);
    Source source = source_of(p, item);
    pack_rows(p->a + item * p->a_step + k * p->a_column, p->a_row, p->a_column, p->M, K, a);
    for (int j = 0; j < p->N; j += COLUMNS) {
      int N = min(COLUMNS, p->N - j);
      pack_panel(&source, k, K, j, N, b);
      multiply(p->M, N, K, a, b, 0, (Target){to.c + j, to.row, 1}, (Finish){p->alpha, 1, NULL});
    }
  }
}

static void deep(Engine *engine, Product *p)
{
  p->packed = engine->packed;
  p->scratch = engine->scratch;
  pool_run(engine->pool, run_deep, p, DEEP_TASKS);
  for (int i = 0; i < p->M; i++) {
    for (int j = 0; j < p->N; j++) {
      float *c = p->c.c + i * p->c.row + j * p->c.column;
      float sum = p->adds ? *c : p->bias ? p->bias[i] : 0.0f;
      for (int task = 0; task < DEEP_TASKS; task++) sum += p->packed[task * (ptrdiff_t)DEEP_FLOATS + (ptrdiff_t)i * p->N + j];
      *c = sum;
    }
  }
}

static int is_deep(const Product *p)
{
  int64_t depth = (int64_t)p->K * p->items;
  return (p->items == 1 || p->c_step == 0) && depth >= DEEP_TASKS * 64 && (int64_t)p->M * p->N <= 16384 &&
         round_up(p->M, ROWS) + COLUMNS <= SCRATCH_FLOATS / DEPTH;
}

static int is_wide(const Product *p)
{
  int64_t weights = (int64_t)round_up(p->M, ROWS) * p->K;
  return p->a_step == 0 && (p->items == 1 || p->c_step != 0) && weights <= (1 << 20) &&
         (int64_t)p->items * p->N >= 8 * COLUMNS;
}

static void run_product(Engine *engine, Product *p)
{
  if (p->M == 0 || p->N == 0 || p->items == 0) return;
  if (is_deep(p)) deep(engine, p);
  else if (is_wide(p)) wide(engine, p);
  else tall(engine, p);
}

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

/* ---- BLAS's gemm ---- */

static void gemm_c(Engine *engine, const Gemm *g, int isTransposed)
{
  Product p = {
    .M = g->M, .N = g->N, .K = g->K, .items = 1, .alpha = g->alpha,
    .a = g->a, .a_row = g->a_row, .a_column = g->a_column,
    .b = {bytes(g->b), 4 * g->b_row, 4 * g->b_column, NULL, NULL},
    .c = isTransposed ? (Target){g->c, 1, g->M} : (Target){g->c, g->N, 1}, .adds = g->adds,
  };
  run_product(engine, &p);
}

static void gemm(Engine *engine, const Gemm *g)
{
  /* The smaller operand is the one to be packed whole: with few rows C^T = B^T A^T is computed. */
  int isFlat = g->M < g->N && g->M <= 128;
  if (!isFlat) {
    if (g->N <= FEW && g->a_column == 1 && (int64_t)g->K * g->N <= PACK_FLOATS) few_columns(engine, g);
    else gemm_c(engine, g, 0);
    return;
  }
  Gemm flipped = {
    .M = g->N, .N = g->M, .K = g->K, .alpha = g->alpha,
    .a = g->b, .a_row = g->b_column, .a_column = g->b_row,
    .b = g->a, .b_row = g->a_column, .b_column = g->a_row, .c = g->c, .adds = g->adds,
  };
  if (g->M == 1 && flipped.a_column == 1 && g->K <= PACK_FLOATS) few_columns(engine, &flipped);
  else gemm_c(engine, &flipped, 1);
}

/* ---- Padded copies of images ---- */

typedef struct {
  const Geometry *g;
  const char *heap;
  const float *image;
  float *padded;
} Padding;

static void run_padding(void *job, int task, int thread)
{
  const Padding *p = job;
  const Geometry *g = p->g;
  (void)thread;
  const int32_t *table = (const int32_t *)(p->heap + g->row_table);
  const float *from = p->image + (ptrdiff_t)task * g->image_area;
  float *to = p->padded + (ptrdiff_t)task * g->padded_area;
  size_t left = (size_t)g->pad_left, copied = (size_t)g->copied_width, width = (size_t)g->padded_width;
  for (int row = 0; row < g->rows; row++, to += width) {
    if (table[row] < 0) {
      memset(to, 0, 4 * width);
      continue;
    }
    memset(to, 0, 4 * left);
    memcpy(to + left, from + (ptrdiff_t)table[row] * g->width, 4 * copied);
    memset(to + left + copied, 0, 4 * (width - left - copied));
  }
}

/* The images as the kernel reads them: padded copies, or themselves. */
static const float *pad(Engine *engine, const Geometry *g, const float *image, int images)
{
  if (!g->is_padded) return image;
  size_t channels = (size_t)images * (size_t)g->image_channels;
  Padding job = {g, engine->heap, image, engine_padded(engine, channels * (size_t)g->padded_area)};
  pool_run(engine->pool, run_padding, &job, (int)channels);
  return job.padded;
}

/* Images that are worked on together: as many as keep the padded copies below 64 MB. */
static int images_together(const Geometry *g)
{
  if (!g->is_padded) return g->images;
  int64_t floats = (int64_t)g->image_channels * g->padded_area;
  return max(1, (int)min(g->images, (int)((16 << 20) / floats)));
}

/* Adds the inner part of a padded channel to a channel of the image. */
static void add_unpadded(const Geometry *g, const char *heap, const float *from, float *to)
{
  const int32_t *table = (const int32_t *)(heap + g->row_table);
  from += g->pad_left;
  for (int row = 0; row < g->rows; row++, from += g->padded_width) {
    if (table[row] < 0) continue;
    float *target = to + (ptrdiff_t)table[row] * g->width;
    for (int x = 0; x < g->copied_width; x++) target[x] += from[x];
  }
}

/* ---- Convolutions ---- */

INLINE int in_channels(const Geometry *g) { return g->image_channels / g->groups; }
INLINE int out_channels(const Geometry *g) { return g->out_channels / g->groups; }
INLINE const int32_t *table_at(const Engine *engine, uint32_t offset) { return (const int32_t *)(engine->heap + offset); }
INLINE ptrdiff_t read_area(const Geometry *g) { return g->is_padded ? g->padded_area : g->image_area; }

static void correlate(Engine *engine, const Geometry *g, const float *image, const float *weight, const float *bias, float *out)
{
  int together = images_together(g), M = out_channels(g), K = in_channels(g) * g->taps;
  for (int n = 0; n < g->images; n += together) {
    int images = min(together, g->images - n);
    const float *source = pad(engine, g, image + (ptrdiff_t)n * g->image_channels * g->image_area, images);
    for (int group = 0; group < g->groups; group++) {
      Product p = {
        .M = M, .N = g->positions, .K = K, .items = images, .alpha = 1,
        .a = weight + (ptrdiff_t)group * M * K, .a_row = K, .a_column = 1,
        .b = {bytes(source + group * in_channels(g) * read_area(g)), 0, 0, table_at(engine, g->tap_table), table_at(engine, g->position_table)},
        .b_step = g->image_channels * read_area(g),
        .c = {out + ((ptrdiff_t)n * g->out_channels + group * M) * g->positions, g->positions, 1},
        .c_step = (ptrdiff_t)g->out_channels * g->positions,
        .bias = bias ? bias + group * M : NULL,
      };
      run_product(engine, &p);
    }
  }
}

static void weight_gradient(Engine *engine, const Geometry *g, const float *image, const float *out, float *weight_diff, int adds)
{
  int together = images_together(g), M = out_channels(g), N = in_channels(g) * g->taps;
  for (int n = 0; n < g->images; n += together) {
    int images = min(together, g->images - n);
    const float *source = pad(engine, g, image + (ptrdiff_t)n * g->image_channels * g->image_area, images);
    for (int group = 0; group < g->groups; group++) {
      Product p = {
        .M = M, .N = N, .K = g->positions, .items = images, .alpha = 1,
        .a = out + ((ptrdiff_t)n * g->out_channels + group * M) * g->positions, .a_row = g->positions, .a_column = 1,
        .a_step = (ptrdiff_t)g->out_channels * g->positions,
        .b = {bytes(source + group * in_channels(g) * read_area(g)), 0, 0, table_at(engine, g->position_table), table_at(engine, g->tap_table)},
        .b_step = g->image_channels * read_area(g),
        .c = {weight_diff + (ptrdiff_t)group * M * N, N, 1}, .adds = adds || n > 0,
      };
      run_product(engine, &p);
    }
  }
}

/*
 * The transposed convolution of one group. A task owns some channels of one image: it computes their
 * columns (taps x positions) in blocks that fit its cache and adds them up.
 */
typedef struct {
  const Geometry *g;
  const char *heap;
  const float *weight, *bias;
  float *image;
  const float *packed;
  float *scratch;
  int channels_per_task, start, columns;
} Scatter;

/* Adds one tap's values at positions [start, start + count) to the channel. */
static void add_taps(const Geometry *g, const char *heap, const float *from, int start, int count, char *target)
{
  const int32_t *table = (const int32_t *)(heap + g->position_table);
  ptrdiff_t step = g->run_step / 4;
  int end = start + count;
  for (int position = start; position < end;) {
    int length = min(g->run - position % g->run, end - position);
    float *to = (float *)(target + table[position]);
    if (step == 1) for (int i = 0; i < length; i++) to[i] += from[i];
    else for (int i = 0; i < length; i++) to[i * step] += from[i];
    from += length;
    position += length;
  }
}

/* Adds the columns of channels [first, first + channels); `target` is where channel `first` lies. */
static void add_channels(const Scatter *s, int thread, int first, int channels, float *target)
{
  const Geometry *g = s->g;
  int depth = out_channels(g), rows = channels * g->taps, tap = first * g->taps;
  ptrdiff_t lda = (ptrdiff_t)in_channels(g) * g->taps;
  float *a = scratch_of(s->scratch, thread), *block = a + (ptrdiff_t)BLOCK_ROWS * DEPTH;
  const int32_t *taps = (const int32_t *)(s->heap + g->tap_table);
  int deep = part(depth, DEPTH, 1);
  for (int row = 0; row < rows; row += BLOCK_ROWS) {
    int M = min(BLOCK_ROWS, rows - row);
    for (int column = 0; column < s->columns; column += BLOCK_COLUMNS) {
      int N = min(BLOCK_COLUMNS, s->columns - column);
      for (int k = 0; k < depth; k += deep) {
        int K = min(deep, depth - k);
        pack_rows(s->weight + k * lda + tap + row, 1, lda, M, K, a);
        const float *b = s->packed + (ptrdiff_t)column * depth + (ptrdiff_t)k * COLUMNS;
        multiply(M, N, K, a, b, (ptrdiff_t)COLUMNS * depth, (Target){block, BLOCK_COLUMNS, 1}, (Finish){1, k > 0, NULL});
      }
      for (int i = 0; i < M; i++) {
        char *to = (char *)target + taps[tap + row + i] - taps[tap];
        add_taps(g, s->heap, block + (ptrdiff_t)i * BLOCK_COLUMNS, s->start + column, N, to);
      }
    }
  }
}

/* Floats of a thread's memory that a scattering task uses before its padded channels. */
enum { SCATTER_FLOATS = BLOCK_ROWS * (DEPTH + BLOCK_COLUMNS) };

static void run_scatter(void *job, int task, int thread)
{
  const Scatter *s = job;
  const Geometry *g = s->g;
  int first = task * s->channels_per_task, channels = min(s->channels_per_task, in_channels(g) - first);
  float *image = s->image + (ptrdiff_t)first * g->image_area;
  if (s->start == 0) {
    for (int c = 0; c < channels; c++) {
      float value = s->bias ? s->bias[first + c] : 0.0f;
      for (int x = 0; x < g->image_area; x++) image[(ptrdiff_t)c * g->image_area + x] = value;
    }
  }
  if (!g->is_padded) {
    add_channels(s, thread, first, channels, image);
    return;
  }
  float *copy = scratch_of(s->scratch, thread) + SCATTER_FLOATS;
  memset(copy, 0, 4 * (size_t)channels * (size_t)g->padded_area);
  add_channels(s, thread, first, channels, copy);
  for (int c = 0; c < channels; c++) {
    add_unpadded(g, s->heap, copy + (ptrdiff_t)c * g->padded_area, image + (ptrdiff_t)c * g->image_area);
  }
}

/* Channels of a task: so many that A is read in long runs, few enough for many tasks; 0: too large a plane. */
static int channels_per_task(const Geometry *g)
{
  int room = g->is_padded ? (SCRATCH_FLOATS - SCATTER_FLOATS) / g->padded_area : in_channels(g);
  int wanted = max(1, 2 * BLOCK_ROWS / g->taps);
  while (wanted > 1 && ceil_divide(in_channels(g), wanted) < WANTED_TASKS / 2 && wanted * g->taps > 4 * ROWS) wanted = (wanted + 1) / 2;
  return min(room, wanted);
}

static int prepare(Engine *engine, const Geometry *g)
{
  if (g->is_thin || channels_per_task(g) < 1) return 0;
  size_t floats = (size_t)images_together(g) * (size_t)g->image_channels * (size_t)g->padded_area;
  return !g->is_padded || engine_padded(engine, floats) != NULL;
}

static void scatter_group(Engine *engine, Scatter *s, const float *out)
{
  const Geometry *g = s->g;
  int depth = out_channels(g);
  int columns = max(COLUMNS, (PACK_FLOATS / depth) / COLUMNS * COLUMNS);
  for (int start = 0; start < g->positions; start += columns) {
    Product packing = {
      .N = min(columns, g->positions - start), .batch = 1, .depth = depth, .packed = engine->packed,
      .b = {bytes(out + start), 4 * (ptrdiff_t)g->positions, 4, NULL, NULL},
    };
    pool_run(engine->pool, pack_tall, &packing, ceil_divide(packing.N, COLUMNS));
    s->start = start;
    s->columns = packing.N;
    pool_run(engine->pool, run_scatter, s, ceil_divide(in_channels(g), s->channels_per_task));
  }
}

static void scatter(Engine *engine, const Geometry *g, const float *out, const float *weight, const float *bias, float *image)
{
  int M = out_channels(g), channels = in_channels(g), K = channels * g->taps;
  for (int group = 0; group < g->groups; group++) {
    const float *from = out + (ptrdiff_t)group * M * g->positions;
    const float *w = weight + (ptrdiff_t)group * M * K;
    float *to = image + (ptrdiff_t)group * channels * g->image_area;
    const float *start = bias ? bias + group * channels : NULL;
    if (g->is_plain) {
      Product p = {
        .M = K, .N = g->positions, .K = M, .items = g->images, .alpha = 1,
        .a = w, .a_row = 1, .a_column = K,
        .b = {bytes(from), 4 * (ptrdiff_t)g->positions, 4, NULL, NULL},
        .b_step = (ptrdiff_t)g->out_channels * g->positions,
        .c = {to, g->positions, 1}, .c_step = (ptrdiff_t)g->image_channels * g->image_area, .bias = start,
      };
      run_product(engine, &p);
      continue;
    }
    for (int n = 0; n < g->images; n++) {
      Scatter s = {
        .g = g, .heap = engine->heap, .weight = w, .bias = start,
        .image = to + (ptrdiff_t)n * g->image_channels * g->image_area,
        .packed = engine->packed, .scratch = engine->scratch, .channels_per_task = channels_per_task(g),
      };
      scatter_group(engine, &s, from + (ptrdiff_t)n * g->out_channels * g->positions);
    }
  }
}

const Kernels KERNELS = {NAME, gemm, prepare, correlate, scatter, weight_gradient};
