/* Convolutions as matrix products whose columns are never written to memory. */
#ifndef CORTADO_CONVOLUTION_H
#define CORTADO_CONVOLUTION_H

#include "padding.h"
#include "products.h"

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

#endif
