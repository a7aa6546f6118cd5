import { describe, expect, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param = "") => `type: "MVN" mvn_param { ${param} }`;

describe("MVN", () => {
  test.each(["", "across_channels: true", "normalize_variance: false"])(
    "has a true gradient with { %s }, also in place",
    async (param) => {
      await checkLayer(layer(param), [[2, 3, 4, 3]]);
      await checkLayer(layer(param), [[2, 3, 4, 3]], { inPlace: true });
    },
  );

  // Planes 1, 3 (mean 2, deviation 1) and 0, 8 (mean 4, deviation 4).
  const specs = [{ shape: [1, 2, 1, 2], values: listed([1, 3, 0, 8]) }];
  test.each([
    ["", [-1, 1, -1, 1]],
    ["eps: 1", [-0.5, 0.5, -0.8, 0.8]],
    ["normalize_variance: false", [-1, 1, -4, 4]],
    ["normalize_variance: false across_channels: true", [-2, 0, -3, 5]],
  ])("normalises with { %s }", async (param, expected) => {
    expectClose((await runLayer(layer(param), specs)).tops[0]!.data, expected);
  });

  test("refuses more than four axes", async () => {
    await expect(benchLayer(layer(), [[1, 1, 1, 1, 2]])).rejects.toThrow(
      "Cannot use legacy accessors on Blobs with > 4 axes.",
    );
  });
});
