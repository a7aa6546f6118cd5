import { describe, expect, test } from "vitest";
import { benchLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const gaussian = 'weight_filler { type: "gaussian" std: 0.5 } bias_filler { type: "gaussian" }';

describe("InnerProduct", () => {
  test.each<[string, string, readonly number[]]>([
    ["all axes but the first", "num_output: 7", [3, 2, 4]],
    ["the last axis", "num_output: 3 axis: -1", [2, 3, 5]],
    ["a transposed weight", "num_output: 3 transpose: true", [5, 4]],
    ["no bias", "num_output: 3 bias_term: false", [1, 9]],
  ])("has true gradients over %s", async (_name, param, shape) => {
    await checkLayer(`type: "InnerProduct" inner_product_param { ${param} ${gaussian} }`, [shape]);
  });

  test("refuses a missing num_output, and items of another size later", async () => {
    await expect(benchLayer('type: "InnerProduct"', [[2, 3]])).rejects.toThrow(
      "num_output must be at least 1",
    );
    const text = 'type: "InnerProduct" inner_product_param { num_output: 2 }';
    const bench = await benchLayer(text, [[2, 3]]);
    bench.bottoms[0]!.reshape(2, 4);
    expect(() => bench.reshape()).toThrow(
      "Input size incompatible with inner product parameters. An item of the bottom has 4 values now; " +
        "the layer was set up for 3",
    );
    bench.dispose();
  });
});
