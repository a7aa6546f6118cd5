import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/core/random.ts";
import type { Shape } from "../../src/core/shape.ts";
import { expectClose } from "../support/allclose.ts";
import { type Bench, benchLayer } from "../support/bench-layer.ts";
import { type Index, drawer, indicesOf, placeOf, tabulate } from "../support/nd.ts";

const ROUNDS = 60;

/** Random cases, the same in every run. */
function cases<T>(draw: (d: ReturnType<typeof drawer>) => T): T[] {
  const random = createRandom(4711);
  return Array.from({ length: ROUNDS }, () => draw(drawer(random)));
}

/** Forward, then backward from random top diffs. */
async function run(text: string, shapes: readonly Shape[], tops = 1): Promise<Bench> {
  const bench = await benchLayer(text, shapes, { tops });
  bench.forward();
  for (const top of bench.tops) {
    for (let i = 0; i < top.count; i++) top.diff[i] = bench.random.gaussian(0, 1);
  }
  bench.backward();
  return bench;
}

/**
 * Checks a layer that only moves values: top k at an index shows the bottom value that `source` names,
 * and each bottom value's gradient is the sum of the diffs of the places that show it.
 */
function expectMoved(
  { bottoms, tops }: Bench,
  source: (top: number, index: Index) => readonly [bottom: number, index: Index],
): void {
  const gradients = bottoms.map(({ count }) => new Float64Array(count));
  tops.forEach((top, k) => {
    let at = 0;
    for (const index of indicesOf(top.shape)) {
      const [b, from] = source(k, index);
      const place = placeOf(bottoms[b]!.shape, from);
      expect(top.data[at]).toBe(bottoms[b]!.data[place]);
      gradients[b]![place]! += top.diff[at++]!;
    }
  });
  gradients.forEach((gradient, b) => {
    expectClose(bottoms[b]!.diff, gradient);
  });
}

const replaced = (index: Index, axis: number, value: number) => index.with(axis, value);

describe("with random shapes and axes", () => {
  test("Concat and Slice join and cut along every axis", async () => {
    const drawn = cases((d) => {
      const shape = d.shape(1, 5);
      const axis = d.integer(-shape.length, shape.length - 1);
      return { shape, axis, sizes: Array.from({ length: d.integer(1, 4) }, () => d.integer(1, 3)) };
    });
    for (const { shape, axis, sizes } of drawn) {
      const along = shape.at(axis) === undefined ? 0 : (axis + shape.length) % shape.length;
      const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((a, b) => a + b, 0));
      const partOf = (i: number) => starts.findLastIndex((start) => start <= i);
      const joined = await run(
        `type: "Concat" concat_param { axis: ${axis} }`,
        sizes.map((size) => shape.with(along, size)),
      );
      expectMoved(joined, (_, index) => {
        const part = partOf(index[along]!);
        return [part, replaced(index, along, index[along]! - starts[part]!)];
      });
      const points = starts.slice(1).map((start) => `slice_point: ${start}`);
      const total = sizes.reduce((a, b) => a + b, 0);
      const cut = await run(
        `type: "Slice" slice_param { axis: ${axis} ${points.join(" ")} }`,
        [shape.with(along, total)],
        sizes.length,
      );
      expectMoved(cut, (k, index) => [0, replaced(index, along, index[along]! + starts[k]!)]);
    }
  });

  test("Tile repeats along every axis", async () => {
    const drawn = cases((d) => {
      const shape = d.shape(1, 5);
      return { shape, axis: d.integer(0, shape.length - 1), tiles: d.integer(1, 3) };
    });
    for (const { shape, axis, tiles } of drawn) {
      const bench = await run(`type: "Tile" tile_param { axis: ${axis} tiles: ${tiles} }`, [shape]);
      expectMoved(bench, (_, index) => [0, replaced(index, axis, index[axis]! % shape[axis]!)]);
    }
  });

  test("Crop cuts out the window from every axis on, with any offsets", async () => {
    const drawn = cases((d) => {
      const shape = d.shape(1, 5, 5);
      const start = d.integer(0, shape.length - 1);
      const offsets = shape.map((size, axis) => (axis < start ? 0 : d.integer(0, size - 1)));
      const sizes = shape.map((size, axis) => d.integer(1, size - offsets[axis]!));
      return { shape, start, offsets, sizes };
    });
    for (const { shape, start, offsets, sizes } of drawn) {
      const given = offsets.slice(start).map((offset) => `offset: ${offset}`);
      const text = `type: "Crop" crop_param { axis: ${start - shape.length} ${given.join(" ")} }`;
      const bench = await run(text, [shape, sizes]);
      const { bottoms, tops } = bench;
      expect(tops[0]!.shape).toEqual(shape.map((n, axis) => (axis < start ? n : sizes[axis])));
      const shown = { ...bench, bottoms: bottoms.slice(0, 1) };
      expectMoved(shown, (_, index) => [0, index.map((i, axis) => i + offsets[axis]!)]);
    }
  });

  test("Reduction sums from every axis on", async () => {
    const terms = {
      SUM: (x: number) => x,
      ASUM: Math.abs,
      SUMSQ: (x: number) => x * x,
      MEAN: (x: number) => x,
    };
    const drawn = cases((d) => {
      const shape = d.shape(1, 5);
      const axis = d.integer(0, shape.length - 1);
      return { shape, axis, operation: d.pick("SUM", "ASUM", "SUMSQ", "MEAN") };
    });
    for (const { shape, axis, operation } of drawn) {
      const text = `type: "Reduction" reduction_param { operation: ${operation} axis: ${axis} coeff: 0.5 }`;
      const { bottoms, tops } = await run(text, [shape]);
      const [x, y] = [bottoms[0]!.data, tops[0]!];
      const rest = shape.slice(axis);
      const divisor = operation === "MEAN" ? rest.reduce((a, b) => a * b, 1) : 1;
      const sums = tabulate(y.shape, (index) => {
        let sum = 0;
        for (const tail of indicesOf(rest)) {
          sum += terms[operation](x[placeOf(shape, [...index, ...tail])]!);
        }
        return (0.5 * sum) / divisor;
      });
      expect(y.shape).toEqual(shape.slice(0, axis));
      expectClose(y.data, sums);
    }
  });

  test("Scale and Bias spread a blob of every rank from every axis on", async () => {
    const drawn = cases((d) => {
      const shape = d.shape(1, 5);
      const axis = d.integer(0, shape.length - 1);
      return {
        shape,
        axis,
        rank: d.integer(0, shape.length - axis),
        type: d.pick("Scale", "Bias"),
      };
    });
    for (const { shape, axis, rank, type } of drawn) {
      const small = shape.slice(axis, axis + rank);
      const text = `type: "${type}" ${type.toLowerCase()}_param { axis: ${axis - shape.length} }`;
      const { bottoms, tops } = await run(text, [shape, small]);
      const [x, s] = bottoms;
      const [y] = tops;
      const ds = new Float64Array(s!.count);
      let at = 0;
      for (const index of indicesOf(shape)) {
        const place = placeOf(small, index.slice(axis, axis + rank));
        const [xi, si, dy] = [x!.data[at]!, s!.data[place]!, y!.diff[at]!];
        expect(y!.data[at]).toBe(Math.fround(type === "Scale" ? xi * si : xi + si));
        expect(x!.diff[at]).toBe(Math.fround(type === "Scale" ? dy * si : dy));
        ds[place]! += type === "Scale" ? dy * xi : dy;
        at++;
      }
      expectClose(s!.diff, ds);
    }
  });

  test("Softmax sums to 1, and ArgMax finds the best, along every axis", async () => {
    const drawn = cases((d) => {
      const shape = d.shape(1, 5);
      return { shape, axis: d.integer(0, shape.length - 1), topK: d.integer(1, 3) };
    });
    for (const { shape, axis, topK } of drawn) {
      const soft = await run(`type: "Softmax" softmax_param { axis: ${axis} }`, [shape]);
      const [x, y] = [soft.bottoms[0]!.data, soft.tops[0]!.data];
      const lines = [...indicesOf(shape.with(axis, 1))].map((index) =>
        Array.from({ length: shape[axis]! }, (_, c) => placeOf(shape, index.with(axis, c))),
      );
      for (const line of lines) {
        const sum = line.reduce((total, place) => total + Math.exp(x[place]!), 0);
        for (const place of line) expect(y[place]).toBeCloseTo(Math.exp(x[place]!) / sum, 6);
      }
      const k = Math.min(topK, shape[axis]!);
      const text = `type: "ArgMax" argmax_param { axis: ${axis - shape.length} top_k: ${k} }`;
      const best = await benchLayer(text, [shape]);
      best.bottoms[0]!.set(x);
      best.forward();
      const top = best.tops[0]!;
      expect(top.shape).toEqual(shape.with(axis, k));
      [...indicesOf(shape.with(axis, 1))].forEach((index, l) => {
        const order = lines[l]!.map((place, c) => [x[place]!, c] as const).sort(
          (a, b) => b[0] - a[0],
        );
        for (let j = 0; j < k; j++) {
          expect(top.data[placeOf(top.shape, index.with(axis, j))]).toBe(order[j]![1]);
        }
      });
    }
  });
});
