import { describe, expect, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param: string) => `type: "SPP" spp_param { ${param} }`;
/** No two values nearer than 0.1, so that no step changes a maximum. */
const distinct = (shape: number[]) => ({
  shape,
  values: (_: unknown, i: number) => ((i * 37) % 211) / 10,
});

describe("SPP", () => {
  test.each(["MAX", "AVE"])("has a true gradient for %s", async (pool) => {
    for (const height of [1, 2, 3]) {
      const text = layer(`pyramid_height: ${height} pool: ${pool}`);
      await checkLayer(text, [distinct([2, 2, 9, 7])], { secondShapes: [distinct([1, 2, 8, 6])] });
    }
  });

  // 1 2 3 4
  // 5 6 7 8    level 0: 8; level 1: one value for each quarter
  test("pools over finer and finer grids", async () => {
    const specs = [{ shape: [1, 1, 2, 4], values: listed([1, 2, 3, 4, 5, 6, 7, 8]) }];
    const max = await runLayer(layer("pyramid_height: 2"), specs);
    expect(max.tops[0]!.shape).toEqual([1, 5]);
    expect([...max.tops[0]!.data]).toEqual([8, 2, 4, 6, 8]);
    const average = await runLayer(layer("pyramid_height: 2 pool: AVE"), specs);
    expectClose(average.tops[0]!.data, [4.5, 1.5, 3.5, 5.5, 7.5]);
  });

  test("gives as many numbers for any image", async () => {
    const bench = await runLayer(layer("pyramid_height: 3"), [[1, 3, 16, 12]]);
    bench.bottoms[0]!.reshape(2, 3, 11, 29);
    bench.reshape();
    expect(bench.tops[0]!.shape).toEqual([2, 3 * 21]);
  });

  test("keeps four axes with a single level", async () => {
    const bench = await runLayer(layer("pyramid_height: 1"), [[2, 3, 4, 5]]);
    expect(bench.tops[0]!.shape).toEqual([2, 3, 1, 1]);
  });

  test.each([
    ["", [1, 1, 4, 4], "pyramid_height must be at least 1"],
    ["pyramid_height: 3", [1, 1, 5, 8], "level 2 of the pyramid has 4 bins along an axis"],
    ["pyramid_height: 1", [1, 4], "Input must have 4 axes"],
    ["pyramid_height: 1", [1, 1, 0, 8], "Input dimensions cannot be zero."],
    ["pyramid_height: 1 pool: STOCHASTIC", [1, 1, 4, 4], "Not Implemented Yet"],
  ])("refuses { %s } on %j", async (param, shape, message) => {
    await expect(benchLayer(layer(param), [shape])).rejects.toThrow(message);
  });
});
