import { describe, expect, test } from "vitest";
import { awayFromZero, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";
import { expectClose } from "../support/allclose.ts";

const shape = [2, 3, 6, 5];

describe("ReLU", () => {
  test.each(["", "relu_param { negative_slope: 0.1 }"])("has a true gradient %s", async (param) => {
    await checkLayer(`type: "ReLU" ${param}`, [{ shape, values: awayFromZero }]);
    await checkLayer(`type: "ReLU" ${param}`, [{ shape, values: awayFromZero }], { inPlace: true });
  });

  test("keeps what is positive and scales what is negative", async () => {
    const specs = [{ shape: [4], values: listed([-2, 0, 3, -0.5]) }];
    const plain = await runLayer('type: "ReLU"', specs);
    expect([...plain.tops[0]!.data].map((y) => y + 0)).toEqual([0, 0, 3, 0]);
    const leaky = await runLayer('type: "ReLU" relu_param { negative_slope: 0.5 }', specs);
    expectClose(leaky.tops[0]!.data, [-1, 0, 3, -0.25]);
  });

  test("has the negative slope as its gradient at 0", async () => {
    const bench = await runLayer('type: "ReLU" relu_param { negative_slope: 0.5 }', [
      { shape: [1], values: () => 0 },
    ]);
    bench.tops[0]!.diff.fill(2);
    bench.backward();
    expect(bench.bottoms[0]!.diff[0]).toBe(1);
  });
});
