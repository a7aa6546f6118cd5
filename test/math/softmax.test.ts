import { afterAll, describe, expect, test } from "vitest";
import { Heap } from "../../src/core/heap.ts";
import { expOfNegative } from "../../src/layers/support/exp-of-negative.ts";
import { createEngine } from "../../src/math/index.ts";
import { engines } from "../support/engines.ts";
import { expectSameBits } from "../support/same-bits.ts";

const heap = new Heap();
const f = Math.fround;

/** The sum as OpenBLAS's sgemv adds it: blocks of eight, four, two, one; even ones and odd ones apart. */
function sumOf(values: readonly number[]): number {
  let sum = 0;
  for (let block = 8, c = 0; c < values.length; c += block) {
    while (block > values.length - c) block /= 2;
    let even = values[c]!;
    let odd = block > 1 ? values[c + 1]! : 0;
    for (let i = 2; i < block; i += 2) {
      even = f(even + values[c + i]!);
      odd = f(odd + values[c + i + 1]!);
    }
    sum = f(sum + f(even + odd));
  }
  return sum;
}

/** The softmax of each of the first `width` positions; the others stay as they are. */
function expected(x: Float32Array, channels: number, inner: number, width: number): Float32Array {
  const y = x.slice();
  for (let o = 0; o < x.length; o += channels * inner) {
    for (let i = 0; i < width; i++) {
      const at = (c: number) => o + c * inner + i;
      const values = Array.from({ length: channels }, (_, c) => x[at(c)]!);
      const largest = values.reduce((a, b) => (b > a ? b : a));
      const powers = values.map((value) => f(expOfNegative(f(value - largest))));
      const sum = sumOf(powers);
      powers.forEach((power, c) => {
        y[at(c)] = power / sum;
      });
    }
  }
  return y;
}

describe.each(engines)("the softmax of planes (%s)", (_name, options) => {
  const [one, three] = [1, 3].map((threads) => createEngine(heap, { ...options, threads }));
  afterAll(() => {
    for (const engine of [one!, three!]) engine.dispose();
  });

  test.each([
    [2, 21, 67, 64],
    [1, 1, 4, 4],
    [3, 2, 8, 8],
    [1, 15, 5000, 5000],
  ])("has the bits of its definition for %i x %i x %i", (outer, channels, inner, width) => {
    const x = Float32Array.from(
      { length: outer * channels * inner },
      (_, i) => 40 * Math.sin(i * i),
    );
    x.set([Number.NaN, -200, Number.NEGATIVE_INFINITY, 1e30]);
    const pointer = heap.allocate(4 * x.length);
    for (const engine of [one!, three!]) {
      heap.floats(pointer, x.length).set(x);
      engine.softmaxPlanes(outer, channels, inner, width, pointer, pointer);
      const result = heap.floats(pointer, x.length);
      expectSameBits(result, expected(x, channels, inner, width), "softmax");
    }
    heap.free(pointer);
  });

  test("adds even channels to even ones and odd to odd, then both", () => {
    // e^-17 is half a unit of the last place of 1: what is lost shows which values met first.
    const tiny = Math.log(2 ** -24);
    const x = Float32Array.of(...[0, tiny, tiny, tiny].flatMap((value) => Array(4).fill(value)));
    const pointer = heap.allocate(4 * x.length);
    heap.floats(pointer, x.length).set(x);
    one!.softmaxPlanes(1, 4, 4, 4, pointer, pointer);
    const power = f(expOfNegative(f(tiny)));
    expect(heap.floats(pointer, 4)[0]).toBe(f(1 / f(f(1 + power) + f(power + power))));
    heap.free(pointer);
  });
});
