import { describe, expect, test } from "vitest";
import { benchLayer, between, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = `type: "L1Loss"`;

describe("L1Loss", () => {
  test("has a true gradient for both bottoms", async () => {
    // The distances keep away from 0, where the loss bends.
    const far = { shape: [3, 4], values: between(1, 2) };
    const near = { shape: [3, 4], values: between(-1, 0.5) };
    await checkLayer(layer, [far, near]);
    await checkLayer(layer, [near, far]);
  });

  test("is the sum of the distances by the number of items", async () => {
    const bench = await runLayer(layer, [
      { shape: [2, 2], values: listed([1, 2, 3, 4]) },
      { shape: [2, 2], values: listed([0, 4, 3, 1]) },
    ]);
    expect(bench.tops[0]!.shape).toEqual([]);
    expect(bench.tops[0]!.data[0]).toBe(3);
    bench.tops[0]!.diff[0] = 2;
    bench.backward();
    expect([...bench.bottoms[0]!.diff].map((d) => d + 0)).toEqual([1, -1, 0, 1]);
    expect([...bench.bottoms[1]!.diff].map((d) => d + 0)).toEqual([-1, 1, 0, -1]);
  });

  test("refuses blobs of different sizes", async () => {
    await expect(
      benchLayer(layer, [
        [2, 3],
        [2, 4],
      ]),
    ).rejects.toThrow("Inputs must have the same dimension. They are 2 3 (6) and 2 4 (8).");
  });
});
