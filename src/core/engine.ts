/** @file The arithmetic that layers may ask for; `math/` implements it on the heap with threads. */
import type { Heap, Pointer } from "./heap.ts";

/** Kernels over the heap. Addresses come from `blob.dataPointer` / `diffPointer`. */
export interface Engine {
  readonly heap: Heap;
  /** Threads that share the work; results never depend on their number. */
  readonly threads: number;

  /** C = alpha * op(A) op(B) + beta * C; row-major, op(A) is M x K, op(B) is K x N, C is M x N. */
  gemm(
    transA: boolean,
    transB: boolean,
    M: number,
    N: number,
    K: number,
    alpha: number,
    a: Pointer,
    b: Pointer,
    beta: number,
    c: Pointer,
  ): void;

  /** Stops the worker threads. */
  dispose(): void;
}
