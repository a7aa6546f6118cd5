import { afterAll, describe, expect, test } from "vitest";
import type { Engine } from "../../src/core/engine.ts";
import { Heap } from "../../src/core/heap.ts";
import { createEngine } from "../../src/math/index.ts";
import { engines } from "../support/engines.ts";
import { expectSameBits } from "../support/same-bits.ts";

const heap = new Heap();
/** A fixed sequence of numbers in [-1, 1). */
function numbers(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

interface Product {
  readonly transA: boolean;
  readonly transB: boolean;
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly alpha: number;
  readonly beta: number;
}

const nameOf = ({ transA, transB, M, N, K, alpha, beta }: Product) =>
  `${M}x${K}${transA ? "^T" : ""} times ${K}x${N}${transB ? "^T" : ""}, alpha ${alpha}, beta ${beta}`;

function operands({ M, N, K }: Product) {
  return { a: numbers(M * K, 1), b: numbers(K * N, 2), c: numbers(M * N, 3) };
}

function compute(engine: Engine, product: Product): Float32Array {
  const { transA, transB, M, N, K, alpha, beta } = product;
  const values = operands(product);
  const place = (x: Float32Array) => {
    const pointer = heap.allocate(4 * x.length);
    heap.floats(pointer, x.length).set(x);
    return pointer;
  };
  const [a, b, c] = [place(values.a), place(values.b), place(values.c)];
  if (beta === 0) heap.floats(c, M * N).fill(Number.NaN);
  engine.gemm(transA, transB, M, N, K, alpha, a, b, beta, c);
  const result = heap.floats(c, M * N).slice();
  for (const pointer of [a, b, c]) heap.free(pointer);
  return result;
}

/** The largest error, as a part of the bound for sums of K products in float32. */
function worstError(product: Product, result: Float32Array): number {
  const { transA, transB, M, N, K, alpha, beta } = product;
  const { a, b, c } = operands(product);
  let worst = 0;
  for (let i = 0; i < M; i++) {
    for (let j = 0; j < N; j++) {
      let sum = 0;
      let size = 0;
      for (let k = 0; k < K; k++) {
        const term = a[transA ? k * M + i : i * K + k]! * b[transB ? j * K + k : k * N + j]!;
        sum += term;
        size += Math.abs(term);
      }
      const start = beta * c[i * N + j]!;
      const bound = 2 ** -24 * (K + 3) * (Math.abs(alpha) * size + Math.abs(start));
      const error = Math.abs(result[i * N + j]! - (alpha * sum + start)) / bound;
      // NaN must not pass.
      if (!(error <= worst)) worst = error;
    }
  }
  return worst;
}

/** Sizes around the tile (4 x 8), the depth of a block (256) and the thin cases. */
const sizes: readonly [number, number, number][] = [
  [1, 1, 1],
  [3, 5, 7],
  [4, 8, 4],
  [5, 13, 257],
  [17, 33, 65],
  [1, 200, 300],
  [200, 1, 300],
  [2, 700, 530],
  [13, 600, 90],
  [600, 13, 90],
  [15, 601, 77],
  [601, 6, 77],
  [300, 200, 1],
  [65, 130, 9],
  [130, 81, 300],
];

const products = sizes.flatMap(([M, N, K]) =>
  [false, true].flatMap((transA) =>
    [false, true].flatMap((transB) =>
      [
        { alpha: 1, beta: 0 },
        { alpha: 0.5, beta: 1 },
        { alpha: -2, beta: 0.25 },
      ].map((factors): Product => ({ transA, transB, M, N, K, ...factors })),
    ),
  ),
);

describe.each(engines)("gemm (%s)", (_name, options) => {
  const [one, two, three] = [1, 2, 3].map((threads) => createEngine(heap, { ...options, threads }));
  afterAll(() => {
    for (const engine of [one!, two!, three!]) engine.dispose();
  });

  test("equals the product in float64 up to rounding", () => {
    for (const product of products) {
      expect(worstError(product, compute(one!, product)), nameOf(product)).toBeLessThan(1);
    }
  });

  test("gives the same bits for 1, 2 and 3 threads", () => {
    for (const product of products.filter(
      ({ beta, M, N, K }) => beta === 0 && M * N * K > 100_000,
    )) {
      const expected = compute(one!, product);
      for (const engine of [two!, three!]) {
        expectSameBits(compute(engine, product), expected, nameOf(product));
      }
    }
  });

  test("scales C alone where K is 0 or alpha is 0", () => {
    const shape = { transA: false, transB: false, M: 3, N: 5 };
    const { c } = operands({ ...shape, K: 2, alpha: 0, beta: 2 });
    const doubled = c.map((value) => 2 * value);
    expect(compute(one!, { ...shape, K: 2, alpha: 0, beta: 2 })).toEqual(doubled);
    expect(compute(one!, { ...shape, K: 0, alpha: 1, beta: 2 })).toEqual(doubled);
    expect(compute(one!, { ...shape, K: 0, alpha: 1, beta: 0 })).toEqual(c.fill(0));
  });
});
