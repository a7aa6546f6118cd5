/*
 * Matrix products and convolutions. This file is compiled once for each instruction set; the compiler
 * turns `vec` into its registers. Work is cut into tasks by the shapes alone, so that every result is
 * the same for any number of threads.
 */
#include "engine.h"

#include "gemm.h"
#include "scatter.h"

const Kernels KERNELS = {NAME, gemm, prepare, correlate, scatter, weight_gradient};
