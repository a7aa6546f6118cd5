import { describe, expect, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { type BottomSpec, benchLayer, between, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const shape = [2, 3, 4, 5];
const layer = (param: string) => `type: "Eltwise" eltwise_param { ${param} }`;
const values = (...lists: number[][]): BottomSpec[] =>
  lists.map((list) => ({ shape: [list.length], values: listed(list) }));
// No two blobs come nearer to each other than 1: MAX bends where they meet.
const apart = [0, 1, 2].map((k) => ({
  shape,
  values: listed([0, 1, 2].map((i) => ((i + k) % 3) * 2)),
}));

describe("Eltwise", () => {
  test.each([
    "operation: SUM",
    "operation: SUM coeff: 1 coeff: 1 coeff: 1",
    "operation: SUM coeff: 1 coeff: -0.5 coeff: 2",
    "operation: PROD",
  ])("has a true gradient with { %s }", async (param) => {
    await checkLayer(layer(param), [shape, shape, shape]);
  });

  test("has a true gradient for two bottoms", async () => {
    await checkLayer(layer("operation: SUM"), [shape, shape]);
    await checkLayer(layer("operation: PROD"), [shape, shape]);
  });

  test("has a true gradient for MAX", async () => {
    await checkLayer(layer("operation: MAX"), apart);
  });

  test("has a true gradient for the unstable product away from 0", async () => {
    const positive = { shape, values: between(0.5, 2) };
    await checkLayer(layer("operation: PROD stable_prod_grad: false"), [positive, positive]);
  });

  test("adds, multiplies and takes the maximum", async () => {
    const specs = values([1, 2, -3], [4, -5, 6], [0.5, 1, 2]);
    const top = async (param: string) => (await runLayer(layer(param), specs)).tops[0]!.data;
    expectClose(await top(""), [5.5, -2, 5]);
    expectClose(await top("coeff: 2 coeff: 1 coeff: -2"), [5, -3, -4]);
    expectClose(await top("operation: PROD"), [2, -10, -36]);
    expectClose(await top("operation: MAX"), [4, 2, 6]);
  });

  test("gives the gradient of a tie to the second bottom, and to no later one", async () => {
    const bench = await runLayer(layer("operation: MAX"), values([1], [1], [1]));
    bench.tops[0]!.diff.fill(1);
    bench.backward();
    expect(bench.bottoms.map(({ diff }) => diff[0])).toEqual([0, 1, 0]);
  });

  test.each([
    ["coeff: 1", "Eltwise Layer takes one coefficient per bottom blob."],
    ["operation: PROD coeff: 1 coeff: 2", "only takes coefficients for summation."],
  ])("refuses { %s }", async (param, message) => {
    await expect(benchLayer(layer(param), [[2], [2]])).rejects.toThrow(message);
  });

  test("refuses bottoms of different shapes", async () => {
    await expect(
      benchLayer(layer(""), [
        [2, 3, 8, 8],
        [2, 3],
      ]),
    ).rejects.toThrow("bottom[0]: 2 3 8 8 (384), bottom[1]: 2 3 (6)");
  });
});
