/* What the instruction sets differ in, and small pieces that all files of kernels.c need. */
#ifndef CORTADO_VECTORS_H
#define CORTADO_VECTORS_H

#include <stdint.h>
#include <stddef.h>

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
/* Tasks that a job should have, so that many threads find work. */
enum { WANTED_TASKS = 24 };
/* Fewer multiply-adds, or floats to pack, need no second thread. */
enum { SMALL_WORK = 200000, SMALL_COPY = 16384 };

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

#endif
