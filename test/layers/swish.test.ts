import { describe, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (beta: number) => `type: "Swish" swish_param { beta: ${beta} }`;

describe("Swish", () => {
  test.each([1, 1.5, 0])("has a true gradient with beta %d", async (beta) => {
    await checkLayer(layer(beta), [[2, 3, 6, 5]]);
  });

  test("is half the value where beta is 0, and x s(x) where it is 1", async () => {
    const specs = [{ shape: [3], values: listed([2, -2, 0]) }];
    expectClose((await runLayer(layer(0), specs)).tops[0]!.data, [1, -1, 0]);
    expectClose((await runLayer(layer(1), specs)).tops[0]!.data, [1.7615942, -0.2384058, 0]);
  });
});
