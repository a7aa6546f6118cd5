import { describe, test } from "vitest";
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
});
