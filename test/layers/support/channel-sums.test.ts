import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sumInOrder, sumRow } from "../../../src/layers/support/channel-sums.ts";

function sumsOf(x: Float32Array, channels: number, inner: number): number[] {
  return Array.from({ length: inner }, (_, i) => sumInOrder(x, i, channels, inner));
}

/** Channels of planes of which all places hold the same value. */
const planes = (values: readonly number[], inner: number) =>
  Float32Array.from({ length: values.length * inner }, (_, i) => values[Math.floor(i / inner)]!);

describe("sumInOrder", () => {
  test("sums each place over the channels, for any sizes", () => {
    const sizes = fc.record({
      channels: fc.integer({ min: 0, max: 40 }),
      inner: fc.integer({ min: 1, max: 13 }),
    });
    fc.assert(
      fc.property(
        sizes,
        fc.infiniteStream(fc.integer({ min: 0, max: 999 })),
        ({ channels, inner }, values) => {
          const x = Float32Array.from(values.take(channels * inner));
          const expected = Array.from({ length: inner }, (_, i) => {
            let sum = 0;
            for (let c = 0; c < channels; c++) sum += x[c * inner + i]!;
            return sum;
          });
          // Whole numbers this small are exact in any order.
          expect(sumsOf(x, channels, inner)).toEqual(expected);
          if (inner === 1) expect(sumRow(x, 0, channels)).toBe(expected[0]);
        },
      ),
    );
  });

  // 2^24 + 1 is 2^24 in float32: what is lost shows which values met first.
  const BIG = 2 ** 24;

  test("adds what is left of a plane after its fours channel by channel", () => {
    expect(sumsOf(planes([BIG, 1, 1, 1], 6), 4, 6).slice(4)).toEqual([BIG, BIG]);
  });

  test("adds planes of one or three values in groups of four channels, of two values in pairs", () => {
    const values = [BIG, 0, 0, 0, 1, 1, 0, 0];
    expect(sumsOf(planes(values, 1), 8, 1)).toEqual([BIG + 2]);
    expect(sumsOf(planes(values, 3), 8, 3)).toEqual([BIG + 2, BIG + 2, BIG + 2]);
    expect(sumsOf(planes([BIG, 0, 1, 0, 0, 1, 1, 1], 2), 8, 2)).toEqual([BIG + 2, BIG + 2]);
  });
});
