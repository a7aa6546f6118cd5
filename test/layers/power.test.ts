import { describe, expect, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { between, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param: string) => `type: "Power" power_param { ${param} }`;

describe("Power", () => {
  test.each([
    "",
    "power: 0.37 scale: 0.83 shift: 2.4",
    "power: 0.37 scale: 0.83",
    "power: 0 scale: 0.83 shift: 2.4",
    "power: 1 scale: 0.83 shift: -2.4",
    "power: 2 scale: 0.34 shift: -2.4",
    "power: 2 scale: 0",
    "power: -1 shift: 1",
  ])("has a true gradient with { %s }", async (param) => {
    const spec = { shape: [2, 3, 6, 5], values: between(0.2, 2) };
    await checkLayer(layer(param), [spec]);
  });

  test("shifts, scales and raises to the power", async () => {
    const bench = await runLayer(layer("power: 2 scale: 3 shift: 1"), [
      { shape: [3], values: listed([0, 1, -1]) },
    ]);
    expectClose(bench.tops[0]!.data, [1, 16, 4]);
  });

  test("works in place where the power is 1", async () => {
    await checkLayer(layer("scale: -2 shift: 1"), [[2, 3]], { inPlace: true });
  });

  test("has a finite gradient at 0", async () => {
    const bench = await runLayer(layer("power: 3"), [{ shape: [1], values: () => 0 }]);
    bench.tops[0]!.diff.fill(1);
    bench.backward();
    expect(bench.bottoms[0]!.diff[0]).toBe(0);
  });

  test("is constant where the scale is 0", async () => {
    const bench = await runLayer(layer("power: 3 scale: 0 shift: 2"), [
      { shape: [2], values: listed([Number.NaN, 5]) },
    ]);
    expect([...bench.tops[0]!.data]).toEqual([8, 8]);
  });
});
