import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/core/random.ts";
import { count } from "../../src/core/shape.ts";
import { expectClose } from "../support/allclose.ts";
import { benchLayer } from "../support/bench-layer.ts";
import { drawer, indicesOf, placeOf } from "../support/nd.ts";

const ROUNDS = 120;
const FLT_MAX = Math.fround(3.4028234663852886e38);

type Draw = ReturnType<typeof drawer>;

/** Random cases, the same in every run. */
function cases<T>(draw: (d: Draw) => T): T[] {
  const random = createRandom(1702);
  return Array.from({ length: ROUNDS }, () => draw(drawer(random)));
}

interface PoolingCase {
  readonly shape: readonly [number, number];
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly pad: readonly number[];
  readonly roundsUp: boolean;
  readonly special: number | undefined;
}

function drawPooling(d: Draw): PoolingCase {
  const kernel = [d.integer(1, 4), d.integer(1, 4)];
  const padded = d.chance(0.6);
  return {
    shape: [d.integer(1, 8), d.integer(1, 8)],
    kernel,
    stride: [d.integer(1, 4), d.integer(1, 4)],
    pad: kernel.map((size) => (padded ? d.integer(0, size - 1) : 0)),
    roundsUp: d.chance(0.7),
    special: d.pick(undefined, Number.NaN, Number.NEGATIVE_INFINITY, 0),
  };
}

/** The number of windows along an axis by Caffe's rule; what it makes of a window too large is negative. */
function pooledSizes({ shape, kernel, stride, pad, roundsUp }: PoolingCase): number[] {
  return shape.map((size, axis) => {
    const steps = (size + 2 * pad[axis]! - kernel[axis]!) / stride[axis]!;
    const windows = (roundsUp ? Math.ceil(steps) : Math.floor(steps)) + 1;
    const clips = Math.max(...pad) > 0 && (windows - 1) * stride[axis]! >= size + pad[axis]!;
    return clips ? windows - 1 : windows;
  });
}

/** Places of the image in a window, in C order, and the window's area with padding on both sides. */
function windowOf({ shape, kernel, stride, pad }: PoolingCase, window: readonly number[]) {
  const first = window.map((i, axis) => i * stride[axis]! - pad[axis]!);
  const places = [...indicesOf(kernel)]
    .map((tap) => tap.map((t, axis) => first[axis]! + t))
    .filter((at) => at.every((i, axis) => i >= 0 && i < shape[axis]!))
    .map((at) => placeOf(shape, at));
  const area = first.reduce((product, start, axis) => {
    return product * (Math.min(start + kernel[axis]!, shape[axis]! + pad[axis]!) - start);
  }, 1);
  return { places, area };
}

describe("with random windows", () => {
  test.each(["MAX", "AVE"])("Pooling %s follows Caffe's rules, with its gradient", async (pool) => {
    for (const c of cases(drawPooling)) {
      const out = pooledSizes(c);
      if (out.some((size) => size < 0)) continue;
      const pair = (name: string, [h, w]: readonly number[]) => `${name}_h: ${h} ${name}_w: ${w}`;
      const sizes = [pair("kernel", c.kernel), pair("stride", c.stride), pair("pad", c.pad)];
      const mode = c.roundsUp ? "" : "round_mode: FLOOR";
      const bench = await benchLayer(
        `type: "Pooling" pooling_param { pool: ${pool} ${sizes.join(" ")} ${mode} }`,
        [[1, 1, ...c.shape]],
        { tops: pool === "MAX" ? 2 : 1 },
      );
      const [bottom, [top, mask]] = [bench.bottoms[0]!, bench.tops];
      if (c.special !== undefined)
        for (let i = 0; i < bottom.count; i += 3) bottom.data[i] = c.special;
      bench.forward();
      for (let i = 0; i < top!.count; i++) top!.diff[i] = bench.random.gaussian(0, 1);
      bench.backward();
      expect(top!.shape).toEqual([1, 1, ...out]);
      const gradient = new Float64Array(bottom.count);
      let at = 0;
      for (const window of indicesOf(out)) {
        const { places, area } = windowOf(c, window);
        if (pool === "AVE") {
          const sum = places.reduce((total, place) => total + bottom.data[place]!, 0);
          expectClose([top!.data[at]!], [sum / area]);
          for (const place of places) gradient[place]! += top!.diff[at]! / area;
        } else {
          let [best, where] = [-FLT_MAX, -1];
          for (const place of places) {
            if (bottom.data[place]! > best) [best, where] = [bottom.data[place]!, place];
          }
          expect(top!.data[at]).toBe(best);
          expect(mask!.data[at]).toBe(where);
          if (where >= 0) gradient[where]! += top!.diff[at]!;
        }
        at++;
      }
      expectClose(bottom.diff, gradient);
      bench.dispose();
    }
  });

  test("Im2col lays out the taps of windows over any number of axes", async () => {
    const drawn = cases((d) => {
      const axes = d.integer(1, 3);
      const each = (min: number, max: number) =>
        Array.from({ length: axes }, () => d.integer(min, max));
      const kernel = each(1, 3);
      return {
        image: each(1, 5),
        kernel,
        stride: each(1, 3),
        pad: each(0, 2),
        dilation: each(1, 2),
      };
    });
    for (const { image, kernel, stride, pad, dilation } of drawn) {
      const out = image.map((size, a) => {
        const reach = dilation[a]! * (kernel[a]! - 1) + 1;
        return Math.trunc((size + 2 * pad[a]! - reach) / stride[a]!) + 1;
      });
      if (out.some((size) => size < 0)) continue;
      const repeated = Object.entries({ kernel_size: kernel, stride, pad, dilation })
        .flatMap(([name, values]) => values.map((value) => `${name}: ${value}`))
        .join(" ");
      const bench = await benchLayer(`type: "Im2col" convolution_param { ${repeated} }`, [
        [1, 2, ...image],
      ]);
      bench.forward();
      const { bottoms, tops } = bench;
      const seen = [0, 1].flatMap((channel) =>
        [...indicesOf(kernel)].flatMap((tap) =>
          [...indicesOf(out)].map((window) => {
            const place = window.map((i, a) => i * stride[a]! - pad[a]! + tap[a]! * dilation[a]!);
            const inside = place.every((i, a) => i >= 0 && i < image[a]!);
            return inside ? bottoms[0]!.data[channel * count(image) + placeOf(image, place)]! : 0;
          }),
        ),
      );
      expect(tops[0]!.shape).toEqual([1, 2 * count(kernel), ...out]);
      expect([...tops[0]!.data]).toEqual(seen);
      bench.dispose();
    }
  });

  test.each(["ACROSS_CHANNELS", "WITHIN_CHANNEL"])("LRN %s follows its formula", async (region) => {
    const drawn = cases((d) => ({
      shape: [1, d.integer(1, 6), d.integer(1, 5), d.integer(1, 5)],
      half: d.integer(0, 3),
      beta: d.pick(0.75, 0.5, 1),
    }));
    for (const { shape, half, beta } of drawn) {
      const size = 2 * half + 1;
      const text = `type: "LRN" lrn_param { local_size: ${size} alpha: 0.5 beta: ${beta} norm_region: ${region} k: 2 }`;
      const bench = await benchLayer(text, [shape]);
      bench.forward();
      const x = bench.bottoms[0]!.data;
      const isNear = (a: readonly number[], b: readonly number[]) =>
        region === "ACROSS_CHANNELS"
          ? Math.abs(a[1]! - b[1]!) <= half && a[2] === b[2] && a[3] === b[3]
          : a[1] === b[1] && [2, 3].every((axis) => Math.abs(a[axis]! - b[axis]!) <= half);
      const all = [...indicesOf(shape)];
      const expected = all.map((index, i) => {
        const near = all.flatMap((other, j) => (isNear(index, other) ? [x[j]! ** 2] : []));
        const squares = near.reduce((a, b) => a + b, 0);
        const scale =
          region === "ACROSS_CHANNELS"
            ? 2 + (0.5 / size) * squares
            : 1 + (0.5 / size ** 2) * squares;
        return x[i]! * scale ** -beta;
      });
      expectClose(bench.tops[0]!.data, expected);
      bench.dispose();
    }
  });
});
