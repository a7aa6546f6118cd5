/** @file The Hausdorff distance of outlines, against its definition and in the cases that have none. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scoreClasses } from "../../src/job/class-map.ts";
import { hausdorff95 } from "../../src/job/surface-distance.ts";

const size = { width: 7, height: 6 };
const spacing = { rowMm: 1.5, columnMm: 0.8 };
const mask = (...rows: string[]) => Uint8Array.from(rows.join(""), Number);
const one = { width: 8, height: 1 };
const unit = { rowMm: 1, columnMm: 1 };

/** By the definition: every edge pixel of one against every edge pixel of the other. */
function byDefinition(a: Uint8Array, b: Uint8Array): number {
  const { width, height } = size;
  const at = (m: Uint8Array, x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && m[y * width + x] !== 0;
  const edge = (m: Uint8Array) =>
    [...m.keys()]
      .map((i): [number, number] => [i % width, Math.floor(i / width)])
      .filter(([x, y]) => at(m, x, y))
      .filter(
        ([x, y]) => !(at(m, x - 1, y) && at(m, x + 1, y) && at(m, x, y - 1) && at(m, x, y + 1)),
      );
  const way = (from: [number, number][], to: [number, number][]) => {
    const nearest = from
      .map(([x, y]) =>
        Math.min(
          ...to.map(([u, v]) => Math.hypot((x - u) * spacing.columnMm, (y - v) * spacing.rowMm)),
        ),
      )
      .sort((p, q) => p - q);
    const place = (nearest.length - 1) * 0.95;
    const [low, high] = [nearest[Math.floor(place)]!, nearest[Math.ceil(place)]!];
    return low + (high - low) * (place % 1);
  };
  return Math.max(way(edge(a), edge(b)), way(edge(b), edge(a)));
}

describe("HD95", () => {
  test("is what its definition says, in millimetres, whatever the pixels' shape", () => {
    const bits = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 42, maxLength: 42 });
    fc.assert(
      fc.property(bits, bits, (a, b) => {
        fc.pre(a.includes(1) && b.includes(1));
        const [one, other] = [Uint8Array.from(a), Uint8Array.from(b)];
        expect(hausdorff95(one, other, size, spacing)).toBeCloseTo(byDefinition(one, other), 9);
      }),
    );
  });

  test("is 0 for equal masks, and the shift of a mask that was shifted", () => {
    expect(hausdorff95(mask("00110000"), mask("00110000"), one, unit)).toBe(0);
    expect(hausdorff95(mask("01000000"), mask("00001000"), one, unit)).toBe(3);
    expect(hausdorff95(mask("01000000"), mask("00001000"), one, { rowMm: 9, columnMm: 2 })).toBe(6);
  });

  test("is the image's diagonal where only one has an object, and nothing where neither has", () => {
    const [some, none] = [mask("01000000"), new Uint8Array(8)];
    const diagonal = Math.hypot(8, 1);
    expect(hausdorff95(some, none, one, unit)).toBe(diagonal);
    expect(hausdorff95(none, some, one, unit)).toBe(diagonal);
    expect(hausdorff95(none, none, one, unit)).toBeUndefined();
  });

  test("belongs to each class but background, ignored pixels left out, where pixels have a size", () => {
    const found = { ...one, classes: mask("01100220") };
    const label = { ...one, classes: Uint8Array.from([0, 1, 1, 0, 0, 0, 2, 255]) };
    expect(scoreClasses(found, label).some((score) => "hd95" in score)).toBe(false);
    const scores = scoreClasses(found, label, unit);
    expect(scores.map((score) => [score.class, score.hd95])).toEqual([
      [0, undefined],
      [1, 0],
      [2, expect.closeTo(0.95)],
    ]);
  });
});
