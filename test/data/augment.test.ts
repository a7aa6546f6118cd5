import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Augmentation, augmentationProblem } from "../../src/data/index.ts";
import { augmentation, augmented, numpyAugmented } from "../support/augment.ts";
import { hasPythonModule } from "../support/python.ts";

const small = { height: 3, width: 4 };
const values = Array.from({ length: 12 }, (_, i) => i * i);
const moved: Partial<Augmentation> = {
  flipX: true,
  flipY: true,
  rotate: 40,
  scale: 0.3,
  shift: 0.1,
  elastic: 0.05,
};
const recolored: Partial<Augmentation> = { brightness: 0.3, contrast: 0.4, gamma: 0.5 };
const label: Partial<Augmentation> = { content: "LABEL" };

const rowsOf = (list: readonly number[], width: number) =>
  Array.from({ length: list.length / width }, (_, y) => list.slice(y * width, (y + 1) * width));

/** The distinct results over many records, each as text. */
function outcomes(given: Partial<Augmentation>): Set<string> {
  return new Set(
    Array.from({ length: 40 }, (_, k) => String([...augmented(values, small, given, k)])),
  );
}

describe("an augmented record", () => {
  test("is the record where nothing is asked for", () => {
    expect([...augmented(values, small, {})]).toEqual(values);
  });

  test("is flipped from left to right, or not", () => {
    const flipped = rowsOf(values, 4).flatMap((row) => row.toReversed());
    expect(outcomes({ flipX: true })).toEqual(new Set([String(values), String(flipped)]));
  });

  test("is flipped from top to bottom, both ways, or not", () => {
    const rows = rowsOf(values, 4);
    const both = outcomes({ flipX: true, flipY: true });
    expect(both.size).toBe(4);
    expect(both).toContain(String(rows.toReversed().flat()));
    expect(both).toContain(String(values.toReversed()));
    expect(outcomes({ flipY: true }).size).toBe(2);
  });

  test("is shifted by a part of its size, its border going on", () => {
    // One row: what is drawn for the rows cannot show.
    const row = { height: 1, width: 100 };
    const ramp = Array.from({ length: 100 }, (_, i) => i);
    for (let k = 0; k < 10; k++) {
      const result = augmented(ramp, row, { shift: 0.2 }, k);
      const by = result[50]! - 50;
      expect(Math.abs(by)).toBeLessThanOrEqual(20);
      const expected = ramp.map((i) => Math.min(99, Math.max(0, i + by)));
      result.forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i]!, 3);
      });
    }
  });

  test("keeps the middle where it is turned and scaled only", () => {
    const size = { height: 5, width: 5 };
    const spot = Array.from({ length: 25 }, (_, i) => Number(i === 12));
    for (let k = 0; k < 20; k++) {
      expect(augmented(spot, size, { rotate: 180, scale: 0.5 }, k)[12]).toBeCloseTo(1, 6);
    }
  });

  test("keeps 16-bit values as numbers, and does not clip what becomes brighter or darker", () => {
    const deep = values.map((value) => value * 500);
    const flips = outcomes({ flipX: true });
    expect(Math.max(...augmented(deep, small, { flipX: true }))).toBe(60500);
    expect(flips.size).toBe(2);
    const extremes = Array.from({ length: 40 }, (_, k) => {
      const result = augmented(deep, small, { brightness: 0.5 }, k);
      // The same number is added to each value.
      const lift = result[0]! - deep[0]!;
      result.forEach((value, i) => {
        expect(value - deep[i]!).toBeCloseTo(lift, 1);
      });
      return [Math.min(...result), Math.max(...result)];
    });
    expect(Math.min(...extremes.map(([low]) => low!))).toBeLessThan(-20000);
    expect(Math.max(...extremes.map(([, high]) => high!))).toBeGreaterThan(80000);
  });

  test("has noise of a deviation from 0 to what was asked, and mean 0", () => {
    const size = { height: 100, width: 100 };
    const flat = Array.from({ length: 10000 }, (_, i) => (i % 2) * 1000);
    const deviations = Array.from({ length: 30 }, (_, k) => {
      const noise = augmented(flat, size, { noise: 0.1 }, k).map((value, i) => value - flat[i]!);
      const mean = noise.reduce((a, b) => a + b, 0) / noise.length;
      const deviation = Math.sqrt(noise.reduce((a, b) => a + b * b, 0) / noise.length);
      // Four standard errors.
      expect(Math.abs(mean)).toBeLessThan((4 * deviation) / 100 + 1e-3);
      return deviation;
    });
    expect(Math.max(...deviations)).toBeLessThan(100 * 1.03);
    expect(Math.max(...deviations)).toBeGreaterThan(80);
    expect(Math.min(...deviations)).toBeLessThan(20);
  });

  test("stays as it is where it has one value, or one that is no number", () => {
    expect([...augmented(Array(12).fill(7), small, recolored)]).toEqual(Array(12).fill(7));
    const broken = [Number.POSITIVE_INFINITY, ...values.slice(1)];
    expect([...augmented(broken, small, recolored)]).toEqual(broken);
  });

  test("depends on seed and number, and on nothing that came before", () => {
    const given = { ...moved, ...recolored, noise: 0.1 };
    const seventh = augmented(values, small, given, 7);
    augmented(values, small, { ...given, seed: 5 }, 3);
    expect(augmented(values, small, given, 7)).toEqual(seventh);
    expect(augmented(values, small, given, 8)).not.toEqual(seventh);
    expect(augmented(values, small, given, 7 + 2 ** 32)).not.toEqual(seventh);
    expect(augmented(values, small, { ...given, seed: 2 }, 7)).not.toEqual(seventh);
  });

  test("is moved alike whatever becomes of its gray values", () => {
    const binary = values.map((_, i) => Number(i % 3 === 0));
    for (let k = 0; k < 10; k++) {
      const alone = augmented(binary, small, { ...label, ...moved }, k);
      const together = augmented(binary, small, { ...label, ...moved, ...recolored, noise: 1 }, k);
      expect(together).toEqual(alone);
      expect(alone.every((value) => value === 0 || value === 1)).toBe(true);
    }
  });
});

const isPython = hasPythonModule("numpy");
describe.skipIf(!isPython)("numpy (needs python3 with numpy) derives the same", () => {
  const size = { height: 13, width: 18, channels: 2 };
  const numbers = Array.from({ length: 2 * 13 * 18 }, (_, i) => ((i * 7919) % 4001) - 100);

  test.each<[string, Partial<Augmentation>, number]>([
    ["a rotation", { rotate: 90 }, 0],
    ["a scaling", { scale: 0.5 }, 1],
    ["a shift", { shift: 0.3 }, 2],
    ["flips", { flipX: true, flipY: true, seed: 4 }, 3],
    ["an elastic warp", { elastic: 0.1 }, 4],
    ["a warp on a fine grid", { elastic: 0.03, elasticGrid: 9 }, 5],
    ["everything that moves", { ...moved, seed: 12345 }, 2 ** 32 + 6],
    ["gray values", recolored, 7],
    ["everything but noise", { ...moved, ...recolored, seed: 4294967295 }, 8],
  ])("%s", (_name, given, record) => {
    const expected = numpyAugmented(numbers, size, given, record);
    const image = augmented(numbers, size, given, record);
    image.forEach((value, i) => {
      expect(Math.abs(value - expected.image[i]!)).toBeLessThan(2e-3);
    });
    const map = augmented(numbers, size, { ...given, ...label }, record);
    expect([...map]).toEqual(expected.label);
    expect([...image]).not.toEqual(numbers);
  });
});

test("a disc and its mask stay aligned within a pixel", () => {
  const size = { height: 48, width: 40 };
  const inside = (i: number, radius: number) =>
    Math.hypot((i % 40) - 22, Math.floor(i / 40) - 20) <= radius;
  const mask = Array.from({ length: 48 * 40 }, (_, i) => Number(inside(i, 10)));
  const image = mask.map((value) => 1000 * value);
  const strength = (max: number) => fc.double({ min: 0, max, noNaN: true });
  fc.assert(
    fc.property(
      fc.record({
        flipX: fc.boolean(),
        flipY: fc.boolean(),
        rotate: strength(180),
        scale: strength(0.4),
        shift: strength(0.2),
        elastic: strength(0.1),
        seed: fc.nat(),
      }),
      fc.nat({ max: 1e6 }),
      (given, record) => {
        const gray = augmented(image, size, given, record);
        const classes = augmented(mask, size, { ...given, ...label }, record);
        // Between four pixels, of which the mask takes the nearest: it has a quarter of the weight at least.
        const apart = classes.map((value, i) => Math.abs(value - gray[i]! / 1000));
        expect(Math.max(...apart)).toBeLessThanOrEqual(0.75 + 1e-6);
      },
    ),
    { numRuns: 100, seed: 1 },
  );
});

test.each<[Partial<Augmentation>, string, string]>([
  [{ rotate: -1 }, "rotate", "must be from 0 to 180, not -1"],
  [{ noise: Number.NaN }, "noise", "must be from 0 to 1, not nan"],
  [{ scale: Number.POSITIVE_INFINITY }, "scale", "must be from 0 to 1, not inf"],
  [{ elasticGrid: 1 }, "elasticGrid", "must be a whole number from 2 to 32, not 1"],
  [{ elasticGrid: 4e9 }, "elasticGrid", "must be a whole number from 2 to 32, not 4e+09"],
  [{ elastic: 0.11 }, "elastic", "must be at most 0.1 with a grid of 4, not 0.11: more would fold"],
])("%j is refused", (given, field, problem) => {
  const found = augmentationProblem(augmentation(given));
  expect(found?.field).toBe(field);
  expect(found?.problem).toContain(problem);
});
