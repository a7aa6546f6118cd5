/** @file Equality of float arrays to the bit, without the cost of a diff of millions of values. */
import { expect } from "vitest";

/** Fails with the first index at which the arrays differ. NaN equals NaN; 0 and -0 differ. */
export function expectSameBits(actual: Float32Array, expected: Float32Array, what = ""): void {
  expect(actual.length, what).toBe(expected.length);
  const index = expected.findIndex((value, i) => !Object.is(actual[i], value));
  const message = index < 0 ? "" : `[${index}] is ${actual[index]}, expected ${expected[index]}`;
  expect(message, what).toBe("");
}
