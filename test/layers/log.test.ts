import { describe, expect, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { benchLayer, between, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param = "") => `type: "Log" log_param { ${param} }`;

describe("Log", () => {
  test.each(["", "scale: 0.5 shift: 1", "base: 2", "base: 10 scale: 3 shift: 1"])(
    "has a true gradient with { %s }",
    async (param) => {
      await checkLayer(layer(param), [{ shape: [2, 3, 4], values: between(0.5, 3) }]);
    },
  );

  // log2(1 + 3 x)
  test("takes the logarithm of the shifted and scaled value", async () => {
    const bench = await runLayer(layer("base: 2 scale: 3 shift: 1"), [
      { shape: [3], values: listed([0, 1, 5]) },
    ]);
    expectClose(bench.tops[0]!.data, [0, 2, 4]);
  });

  test.each([
    [0, "base must be strictly positive"],
    [1, "Inf result: 1/log(base) = 1/log(1) = inf"],
  ])("refuses the base %d", async (base, message) => {
    await expect(benchLayer(layer(`base: ${base}`), [[2]])).rejects.toThrow(message);
  });
});
