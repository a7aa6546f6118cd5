/** @file The one tolerance of the tests: 1e-5 relative, 1e-7 absolute, unless a test says why not. */
import { expect } from "vitest";

interface Tolerance {
  readonly rtol?: number;
  readonly atol?: number;
}

/** Fails with the place of the worst value where |actual - expected| > atol + rtol |expected|. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { rtol = 1e-5, atol = 1e-7 }: Tolerance = {},
): void {
  expect(actual.length, "number of values").toBe(expected.length);
  let worst = 0;
  let message = "";
  for (let i = 0; i < expected.length; i++) {
    const a = actual[i]!;
    const e = expected[i]!;
    if (Object.is(a, e) || a === e) continue;
    const excess = Math.abs(a - e) / (atol + rtol * Math.abs(e));
    if (excess <= 1 || excess <= worst) continue;
    worst = Number.isNaN(excess) ? Number.POSITIVE_INFINITY : excess;
    message = `[${i}] is ${a}, expected ${e}: ${worst.toPrecision(3)} times the tolerance`;
  }
  expect(message).toBe("");
}
