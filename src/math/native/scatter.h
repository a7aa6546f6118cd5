/* Transposed convolutions. */
#ifndef CORTADO_SCATTER_H
#define CORTADO_SCATTER_H

#include "convolution.h"

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

#endif
