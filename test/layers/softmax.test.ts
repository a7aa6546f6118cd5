import { describe, expect, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param = "") => `type: "Softmax" softmax_param { ${param} }`;

describe("Softmax", () => {
  test.each([
    ["", [2, 5]],
    ["", [2, 4, 3, 2]],
    ["axis: 2", [2, 3, 4, 2]],
    ["axis: -1", [2, 3, 4]],
    ["axis: 0", [3, 2]],
  ])("has a true gradient with { %s } on %j", async (param, shape) => {
    await checkLayer(layer(param), [shape]);
    await checkLayer(layer(param), [shape], { inPlace: true });
  });

  // e^0 : e^ln 2 : e^ln 5 = 1 : 2 : 5
  test("makes probabilities of scores, however large they are", async () => {
    const scores = [0, Math.log(2), Math.log(5)];
    const values = listed([...scores, ...scores.map((x) => x + 5000)]);
    const bench = await runLayer(layer(), [{ shape: [2, 3], values }]);
    const expected = [1 / 8, 2 / 8, 5 / 8];
    expectClose(bench.tops[0]!.data, [...expected, ...expected], { rtol: 1e-3 }); // 5000 has 11 bits left
  });

  test("sums to 1 along its axis at every place", async () => {
    const bench = await runLayer(layer(), [[2, 3, 4]]);
    const y = bench.tops[0]!.data;
    for (let n = 0; n < 2; n++) {
      for (let i = 0; i < 4; i++) {
        expect(y[12 * n + i]! + y[12 * n + 4 + i]! + y[12 * n + 8 + i]!).toBeCloseTo(1, 6);
      }
    }
  });

  test("refuses an axis that is not there", async () => {
    await expect(benchLayer(layer("axis: 2"), [[2, 3]])).rejects.toThrow(
      "axis 2 out of range for 2-D Blob with shape 2 3 (6)",
    );
  });
});
