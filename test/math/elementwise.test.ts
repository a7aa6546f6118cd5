import { afterAll, describe, expect, test } from "vitest";
import { Heap } from "../../src/core/heap.ts";
import { createEngine } from "../../src/math/index.ts";
import { expectSameBits } from "../support/same-bits.ts";

const heap = new Heap();
const engine = createEngine(heap, { threads: 1 });
const threaded = createEngine(heap, { threads: 3 });

afterAll(() => {
  engine.dispose();
  threaded.dispose();
});

/** Around the vector (4), the block (16384) and what is worth a second thread. */
const counts = [1, 3, 4, 7, 16_384, 16_385, 40_003];

const f = Math.fround;
const wave = (count: number, step: number) =>
  Float32Array.from({ length: count }, (_, i) => 2 * Math.sin(step * (i + 1)));

/** Three arrays with a guard behind each, which no kernel may touch. */
function arrays(count: number) {
  const make = (values: Float32Array) => {
    const pointer = heap.allocate(4 * (count + 8));
    heap.floats(pointer, count + 8).fill(77);
    const view = heap.floats(pointer, count);
    view.set(values);
    return { pointer, view, values };
  };
  const all = [make(wave(count, 0.7)), make(wave(count, 1.3)), make(wave(count, 2.1))] as const;
  const free = () => {
    for (const { pointer } of all) {
      expect([...heap.floats(pointer + 4 * count, 8)]).toEqual(Array(8).fill(77));
      heap.free(pointer);
    }
  };
  return { x: all[0], y: all[1], z: all[2], free };
}

describe.each([
  ["1 thread", engine],
  ["3 threads", threaded],
])("elementwise kernels, %s", (_name, e) => {
  test.each(counts)("compute %i elements and touch nothing behind", (n) => {
    const { x, y, z, free } = arrays(n);
    const expectZ = (of: (x: number, y: number, z: number) => number) => {
      expectSameBits(
        z.view,
        z.values.map((value, i) => of(x.values[i]!, y.values[i]!, value)),
      );
      z.view.set(z.values);
    };
    e.copy(n, x.pointer, z.pointer);
    expectZ((a) => a);
    e.fill(n, 3.5, z.pointer);
    expectZ(() => 3.5);
    e.fill(n, 0, z.pointer);
    expectZ(() => 0);
    e.axpby(n, 1.5, x.pointer, -0.5, z.pointer);
    expectZ((a, _b, c) => f(f(1.5 * a) + f(-0.5 * c)));
    e.add(n, x.pointer, y.pointer, z.pointer);
    expectZ((a, b) => f(a + b));
    e.mul(n, x.pointer, y.pointer, z.pointer);
    expectZ((a, b) => f(a * b));
    e.relu(n, 0.25, x.pointer, z.pointer);
    expectZ((a) => (a > 0 ? a : f(0.25 * a)));
    e.reluGradient(n, 0.25, x.pointer, y.pointer, z.pointer);
    expectZ((a, b) => (a > 0 ? b : f(0.25 * b)));
    free();
  });

  test("take a step of gradient descent", () => {
    const n = 40_001;
    const { x: data, y: diff, z: history, free } = arrays(n);
    const [rate, momentum, decay, scale] = [0.5, 0.875, 0.25, 2];
    e.sgdStep({
      count: n,
      data: data.pointer,
      diff: diff.pointer,
      history: history.pointer,
      rate,
      momentum,
      decay,
      scale,
    });
    const step = history.values.map((value, i) => {
      const gradient = f(f(scale * diff.values[i]!) + f(decay * data.values[i]!));
      return f(f(rate * gradient) + f(momentum * value));
    });
    expectSameBits(history.view, step);
    expectSameBits(diff.view, step);
    expectSameBits(
      data.view,
      data.values.map((value, i) => f(value - step[i]!)),
    );
    free();
  });

  test.each(counts)("sum products of %i elements in float64", (n) => {
    const { x, y, free } = arrays(n);
    let expected = 0;
    for (let i = 0; i < n; i++) expected += x.values[i]! * y.values[i]!;
    expect(e.dot(n, x.pointer, y.pointer)).toBeCloseTo(expected, 9);
    free();
  });

  test.each([
    { outer: 3, channels: 5, inner: 7 },
    { outer: 4, channels: 6, inner: 1 },
    { outer: 2, channels: 40, inner: 1030 },
    { outer: 70, channels: 1030, inner: 1 },
  ])("add biases and sum their gradients ($outer x $channels x $inner)", (size) => {
    const { outer, channels, inner } = size;
    const n = outer * channels * inner;
    const { x, y, free } = arrays(n);
    const channelOf = (i: number) => Math.floor(i / inner) % channels;
    e.addBias(outer, channels, inner, x.pointer, y.pointer);
    expectSameBits(
      y.view,
      y.values.map((value, i) => f(value + x.values[channelOf(i)]!)),
    );
    const sums = new Float64Array(channels).map((_, c) => x.values[c]!);
    y.view.forEach((value, i) => {
      sums[channelOf(i)]! += value;
    });
    e.biasGradient(outer, channels, inner, y.pointer, x.pointer);
    for (let c = 0; c < channels; c++) expect(x.view[c]! / sums[c]!).toBeCloseTo(1, 4);
    free();
  });
});

test("a rectified -Infinity is 0", () => {
  const { x, y, free } = arrays(2);
  x.view.set([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  engine.relu(2, 0, x.pointer, y.pointer);
  expect([...y.view]).toEqual([0, Number.POSITIVE_INFINITY]);
  free();
});

test("dot products have the same bits for any number of threads", () => {
  const { x, y, free } = arrays(200_001);
  const n = 200_001;
  expect(threaded.dot(n, x.pointer, y.pointer)).toBe(engine.dot(n, x.pointer, y.pointer));
  free();
});
