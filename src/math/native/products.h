/* Matrix products in tasks: four ways to cut them, by shape. */
#ifndef CORTADO_PRODUCTS_H
#define CORTADO_PRODUCTS_H

#include "engine.h"
#include "packing.h"
#include "tiles.h"
#include <string.h>

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

/* Runs a job of about so many floats, or multiply-adds: small ones are done before another thread is there. */
static void run_tasks(Engine *engine, Task run, void *job, int tasks, int64_t work, int64_t small)
{
  if (work >= small) pool_run(engine->pool, run, job, tasks);
  else for (int task = 0; task < tasks; task++) run(job, task, 0);
}

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
  run_tasks(engine, pack_wide, p, ceil_divide(p->M, BLOCK_ROWS), (int64_t)p->M * p->K, SMALL_COPY);
  int columns = 8 * COLUMNS;
  while (columns > COLUMNS && p->items * ceil_divide(p->N, columns) < WANTED_TASKS) columns /= 2;
  p->columns_per_task = columns;
  int64_t work = (int64_t)p->items * p->M * p->N * p->K;
  run_tasks(engine, run_wide, p, p->items * ceil_divide(p->N, columns), work, SMALL_WORK);
}

/*
 * Each: items that share nothing. A task packs some columns of one item, and its rows block by block.
 */
enum { EACH_COLUMNS = 8 * COLUMNS };

static void run_each(void *job, int task, int thread)
{
  const Product *p = job;
  int chunks = ceil_divide(p->N, p->columns_per_task);
  int item = task / chunks, n = task % chunks * p->columns_per_task;
  int N = min(p->columns_per_task, p->N - n);
  int depth = part(p->K, DEPTH, 1);
  Source source = source_of(p, item);
  float *a = scratch_of(p->scratch, thread), *b = a + BLOCK_ROWS * DEPTH;
  for (int k = 0; k < p->K; k += depth) {
    int K = min(depth, p->K - k);
    for (int j = 0; j < N; j += COLUMNS) pack_panel(&source, k, K, n + j, min(COLUMNS, N - j), b + (ptrdiff_t)j * K);
    for (int i = 0; i < p->M; i += BLOCK_ROWS) {
      int M = min(BLOCK_ROWS, p->M - i);
      pack_rows(p->a + item * p->a_step + i * p->a_row + k * p->a_column, p->a_row, p->a_column, M, K, a);
      multiply(M, N, K, a, b, (ptrdiff_t)COLUMNS * K, target_of(p, item, i, n), finish_of(p, k == 0));
    }
  }
}

static void each(Engine *engine, Product *p)
{
  p->scratch = engine->scratch;
  p->columns_per_task = part(p->N, EACH_COLUMNS, COLUMNS);
  int64_t work = (int64_t)p->items * p->M * p->N * p->K;
  run_tasks(engine, run_each, p, p->items * ceil_divide(p->N, p->columns_per_task), work, SMALL_WORK);
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
      int64_t copied = p->batch * packed_size(p->depth, p->N), work = (int64_t)p->M * p->N * p->depth * p->batch;
      int tasks = ceil_divide(p->M, p->rows_per_task) * ceil_divide(p->N, p->columns_per_task);
      run_tasks(engine, pack_tall, p, p->batch * ceil_divide(p->N, COLUMNS), copied, SMALL_COPY);
      run_tasks(engine, run_tall, p, tasks, work, SMALL_WORK);
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
  run_tasks(engine, run_deep, p, DEEP_TASKS, (int64_t)p->items * p->M * p->N * p->K, SMALL_WORK);
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

/* Without a bias, as tasks do not count rows. */
static int is_each(const Product *p)
{
  return p->items >= WANTED_TASKS && p->a_step != 0 && p->c_step != 0 && !p->bias;
}

static void run_product(Engine *engine, Product *p)
{
  if (p->M == 0 || p->N == 0 || p->items == 0) return;
  if (is_each(p)) each(engine, p);
  else if (is_deep(p)) deep(engine, p);
  else if (is_wide(p)) wide(engine, p);
  else tall(engine, p);
}

#endif
