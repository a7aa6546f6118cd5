import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type RandomSource, createRandom } from "../../src/core/random.ts";

const many = (n: number, draw: () => number) => Array.from({ length: n }, draw);

describe("createRandom", () => {
  test("is mt19937: the 10000th draw from the standard's seed is the standard's", () => {
    const random = createRandom(5489);
    for (let i = 1; i < 10_000; i++) random.uint32();
    expect(random.uint32()).toBe(4_123_659_995);
  });

  test("gives the same numbers for the same seed and others for another", () => {
    const draw = (seed: number) => many(5, createRandom(seed).uint32);
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  test("takes its seed from the system where none is given", () => {
    expect(createRandom().uint32()).not.toBe(createRandom(-1).uint32());
  });

  test("goes on exactly where a saved state left off, also after JSON", () => {
    const random = createRandom(3);
    many(1000, random.uint32);
    const saved = JSON.parse(JSON.stringify(random.state()));
    const expected = many(1000, () => random.gaussian(0, 1));
    const other = createRandom(4);
    other.restore(saved);
    expect(many(1000, () => other.gaussian(0, 1))).toEqual(expected);
  });

  test("refuses what is not a saved state", () => {
    const restore = () => createRandom(1).restore({ words: [1, 2, 3], next: 0 });
    expect(restore).toThrow("not the saved state of a random number generator");
  });
});

describe("uniform", () => {
  test("stays within [min, max] and hits float32 values only", () => {
    const bound = fc.float({ min: -1000, max: 1000, noNaN: true });
    fc.assert(
      fc.property(bound, bound, fc.nat(), (a, b, seed) => {
        const [min, max] = [Math.min(a, b), Math.max(a, b)];
        const value = createRandom(seed).uniform(min, max);
        return value >= min && value <= max && value === Math.fround(value);
      }),
    );
  });

  test("has the mean and the variance of a uniform distribution", () => {
    const random = createRandom(7);
    const values = many(100_000, () => random.uniform(-1, 3));
    expect(mean(values)).toBeCloseTo(1, 1);
    expect(variance(values)).toBeCloseTo(16 / 12, 1);
  });
});

describe("gaussian", () => {
  const random = createRandom(1701);
  const values = many(400_000, () => random.gaussian(0, 1));

  test("has mean 0, variance 1 and kurtosis 3", () => {
    expect(Math.abs(mean(values))).toBeLessThan(0.01);
    expect(variance(values)).toBeCloseTo(1, 1.7);
    expect(mean(values.map((x) => x ** 4))).toBeCloseTo(3, 1);
  });

  // Phi(-3.6) = 1.59e-4: 64 expected on each side; the outermost layer ends at 3.44.
  test("draws the tails as often as it should", () => {
    for (const side of [-1, 1]) {
      const beyond = values.filter((x) => x * side > 3.6).length;
      expect(beyond).toBeGreaterThan(30);
      expect(beyond).toBeLessThan(110);
    }
  });

  test("scales and shifts", () => {
    const [a, b] = [createRandom(2), createRandom(2)];
    expect(a.gaussian(10, 2)).toBe(Math.fround(b.gaussian(0, 1) * 2 + 10));
  });
});

describe("bernoulli", () => {
  test("is true with the given probability", () => {
    const random = createRandom(9);
    expect(mean(many(100_000, () => Number(random.bernoulli(0.3))))).toBeCloseTo(0.3, 1.7);
  });

  test("draws nothing for probability 0, as boost", () => {
    const [a, b] = [createRandom(5), createRandom(5)];
    expect(a.bernoulli(0)).toBe(false);
    a.bernoulliMask(0, 1, new Float32Array(3));
    expect(a.uint32()).toBe(b.uint32());
  });

  test.each([0, 2 ** -33, 0.1, 0.3, 0.5, 0.7, 1 - 2 ** -24, 1])(
    "draws masks of %d as one by one",
    (p) => {
      const [a, b] = [createRandom(6), createRandom(6)];
      const mask = new Float32Array(1000);
      a.bernoulliMask(p, 2, mask);
      expect([...mask]).toEqual(many(1000, () => 2 * Number(b.bernoulli(p))));
      expect(a.uint32()).toBe(b.uint32());
    },
  );
});

describe("integer", () => {
  test("covers [0, max] evenly", () => {
    const random = createRandom(11);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[random.integer(6)]!++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});

describe("draws that a device makes", () => {
  const draw = (random: RandomSource, count: number) => many(count, () => random.uint32());

  test.each([1, 5, 619, 620, 623, 624, 625, 1248, 5000])("are made up for: %d of them", (count) => {
    for (const before of [0, 4, 624]) {
      const [a, b] = [createRandom(3), createRandom(3)];
      draw(a, before);
      draw(b, before + count);
      a.skip(count - 1);
      a.skip(1);
      expect(a.epoch).toBe(0);
      expect(draw(a, 3)).toEqual(draw(b, 3));
      expect(a.epoch).toBe(1);
    }
  });

  test("are made up for before a mask, and before the state is told", () => {
    const [a, b, c] = [createRandom(3), createRandom(3), createRandom(3)];
    draw(b, 700);
    for (const random of [a, c]) random.skip(700);
    const masks = [a, b].map((random) => {
      const mask = new Float32Array(9);
      random.bernoulliMask(0.5, 1, mask);
      return [...mask];
    });
    expect(masks[0]).toEqual(masks[1]);
    const after = createRandom(1);
    after.restore(c.state());
    c.bernoulliMask(0.5, 1, new Float32Array(9));
    expect(draw(after, 9)).not.toEqual(draw(c, 9));
    expect(draw(after, 3)).toEqual(draw(a, 3));
  });

  test("are asked for where the device can be asked, which may then go on", async () => {
    const [a, b] = [createRandom(3), createRandom(3)];
    draw(b, 1000);
    a.skip(1000, async () => b.state());
    await a.settle();
    expect(a.epoch).toBe(0);
    expect(a.state()).toEqual(b.state());
    a.skip(10);
    draw(b, 10);
    await a.settle(); // Nobody can be asked: it is computed when needed.
    expect(draw(a, 3)).toEqual(draw(b, 3));
  });

  test("are forgotten when the source is set anew", () => {
    const [a, b] = [createRandom(3), createRandom(4)];
    a.skip(1000);
    a.restore(b.state());
    expect(draw(a, 3)).toEqual(draw(b, 3));
    expect(a.epoch).toBe(1);
  });
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function variance(values: readonly number[]): number {
  const m = mean(values);
  return mean(values.map((value) => (value - m) ** 2));
}
