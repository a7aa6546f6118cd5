import { describe, expect, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param = "") => `type: "Exp" exp_param { ${param} }`;

describe("Exp", () => {
  test.each(["", "scale: 0.5 shift: 1", "base: 2", "base: 2 scale: 0.7 shift: -1"])(
    "has a true gradient with { %s }",
    async (param) => {
      const spec = { shape: [2, 3, 4], values: listed([-1, -0.5, 0, 0.3, 0.8, 1.1]) };
      await checkLayer(layer(param), [spec]);
      await checkLayer(layer(param), [spec], { inPlace: true });
    },
  );

  // 2^(1 + 3 x)
  test("raises the base to the shifted and scaled power", async () => {
    const specs = [{ shape: [3], values: listed([0, 1, -1]) }];
    const bench = await runLayer(layer("base: 2 scale: 3 shift: 1"), specs);
    expectClose(bench.tops[0]!.data, [2, 16, 0.25]);
    const natural = await runLayer(layer(), specs);
    expectClose(natural.tops[0]!.data, [1, Math.E, 1 / Math.E]);
  });

  test.each([0, -2])("refuses the base %d", async (base) => {
    await expect(benchLayer(layer(`base: ${base}`), [[2]])).rejects.toThrow(
      "base must be strictly positive",
    );
  });
});
