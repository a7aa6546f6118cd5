import { describe, expect, test } from "vitest";
import { benchLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param: string) => `type: "LRN" lrn_param { ${param} }`;

describe("LRN", () => {
  test.each<[string, string, readonly number[]]>([
    ["across channels", "", [2, 7, 3, 3]],
    [
      "across channels, with AlexNet's numbers",
      "local_size: 5 alpha: 0.0001 beta: 0.75",
      [1, 8, 2, 3],
    ],
    [
      "across 3 channels, with k and another power",
      "local_size: 3 alpha: 0.5 beta: 0.6 k: 2",
      [1, 4, 3, 5],
    ],
    ["across more channels than there are", "local_size: 9", [1, 3, 2, 2]],
    ["within a channel", "local_size: 3 norm_region: WITHIN_CHANNEL", [2, 2, 4, 5]],
    [
      "within a channel, beta 1",
      "local_size: 5 alpha: 2 beta: 1 norm_region: WITHIN_CHANNEL",
      [1, 1, 6, 6],
    ],
  ])("has true gradients %s", async (_name, param, shape) => {
    await checkLayer(layer(param), [shape]);
  });

  test("ignores k within a channel, as Caffe does", async () => {
    const valuesOf = async (param: string) => {
      const bench = await benchLayer(layer(`norm_region: WITHIN_CHANNEL ${param}`), [[1, 2, 4, 4]]);
      bench.forward();
      const values = bench.tops[0]!.data.slice();
      bench.dispose();
      return values;
    };
    expect(await valuesOf("k: 5")).toEqual(await valuesOf(""));
  });

  test("refuses an even size and a bottom without four axes", async () => {
    await expect(benchLayer(layer("local_size: 4"), [[1, 2, 3, 3]])).rejects.toThrow(
      "LRN only supports odd values for local_size",
    );
    await expect(benchLayer(layer(""), [[2, 3]])).rejects.toThrow(
      "Input must have 4 axes, corresponding to (num, channels, height, width)",
    );
  });
});
