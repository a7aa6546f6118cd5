import fc from "fast-check";
import { expect, test } from "vitest";
import { expOfNegative } from "../../../src/layers/support/exp-of-negative.ts";

test("is e^x to far more than float32's accuracy", () => {
  fc.assert(
    fc.property(fc.double({ min: -100, max: 0, noNaN: true }), (x) => {
      expect(Math.abs(expOfNegative(x) / Math.exp(x) - 1)).toBeLessThan(1e-10);
    }),
  );
});

test("is 1 at 0, 0 far below, and NaN for NaN", () => {
  expect([0, -1000, Number.NEGATIVE_INFINITY, Number.NaN].map(expOfNegative)).toEqual([
    1,
    0,
    0,
    Number.NaN,
  ]);
});
