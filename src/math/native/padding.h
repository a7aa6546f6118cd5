/* Padded copies of images, and the way back. */
#ifndef CORTADO_PADDING_H
#define CORTADO_PADDING_H

#include "engine.h"
#include "vectors.h"
#include <string.h>

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

#endif
