/** @file The tests of DepthwiseConvolution, which has two names. */
import { describe, expect, test } from "vitest";
import { expectClose } from "../../support/allclose.ts";
import { benchLayer, runLayer } from "../../support/bench-layer.ts";
import { checkLayer } from "../../support/check-layer.ts";

const filler = 'weight_filler { type: "gaussian" } bias_filler { type: "gaussian" }';
const layer = (param: string, type: string) =>
  `type: "${type}" convolution_param { ${param} ${filler} }`;

export function depthwiseCases(type: string): void {
  describe(type, () => {
    test.each([
      "num_output: 3 kernel_size: 3 pad: 1",
      "num_output: 6 kernel_size: 3 stride: 2",
      "num_output: 3 kernel_size: 2 bias_term: false dilation: 2",
      "num_output: 3 kernel_size: 3 group: 3",
    ])("has a true gradient with { %s }", async (param) => {
      await checkLayer(layer(param, type), [[2, 3, 6, 7]]);
    });

    test("is a Convolution with a group for each channel", async () => {
      const param = "num_output: 4 kernel_size: 3 pad: 1 stride: 2";
      const bench = await runLayer(layer(param, type), [[2, 4, 7, 9]]);
      expect(bench.layer.blobs.map(({ shape }) => shape)).toEqual([[4, 1, 3, 3], [4]]);
      const grouped = await runLayer(layer(`${param} group: 4`, "Convolution"), [[2, 4, 7, 9]]);
      expectClose(bench.tops[0]!.data, grouped.tops[0]!.data);
    });

    test("filters each channel on its own", async () => {
      const bench = await benchLayer(layer("num_output: 2 kernel_size: 1 bias_term: false", type), [
        [1, 2, 1, 2],
      ]);
      bench.bottoms[0]!.set([1, 2, 3, 4]);
      bench.layer.blobs[0]!.set([10, 100]);
      bench.forward();
      expect([...bench.tops[0]!.data]).toEqual([10, 20, 300, 400]);
    });

    test("keeps the group that is given", async () => {
      const bench = await benchLayer(layer("num_output: 4 kernel_size: 1 group: 2", type), [
        [1, 4, 2, 2],
      ]);
      expect(bench.layer.blobs[0]!.shape).toEqual([4, 2, 1, 1]);
    });

    test("refuses a number of outputs that is no multiple of the channels", async () => {
      await expect(
        benchLayer(layer("num_output: 4 kernel_size: 1", type), [[1, 3, 2, 2]]),
      ).rejects.toThrow("Number of output should be multiples of group. It is 4, and group is 3");
    });
  });
}
