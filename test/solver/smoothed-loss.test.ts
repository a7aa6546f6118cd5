import fc from "fast-check";
import { expect, test } from "vitest";
import { SmoothedLoss } from "../../src/solver/smoothed-loss.ts";

test("is the mean of the last losses, fewer at the start", () => {
  const losses = fc.array(fc.float({ min: 0, max: 10, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(losses, fc.integer({ min: 1, max: 8 }), fc.nat(100), (values, size, start) => {
      const smoothed = new SmoothedLoss(size);
      smoothed.restart(start);
      values.forEach((value, i) => {
        smoothed.add(value, start + i);
        const last = values.slice(Math.max(0, i + 1 - size), i + 1);
        const mean = last.reduce((a, b) => a + b, 0) / last.length;
        expect(Math.abs(smoothed.value - mean)).toBeLessThan(1e-4);
      });
    }),
  );
});

test("begins anew when a training is restarted", () => {
  const smoothed = new SmoothedLoss(3);
  smoothed.add(9, 0);
  smoothed.restart(1);
  expect(smoothed.value).toBe(0);
  smoothed.add(1, 1);
  expect(smoothed.value).toBe(1);
});
