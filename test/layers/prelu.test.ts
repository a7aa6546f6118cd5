import { describe, expect, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { awayFromZero, benchLayer, listed } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param = "") => `type: "PReLU" prelu_param { ${param} }`;

describe("PReLU", () => {
  test.each(["", "channel_shared: true", 'filler { type: "gaussian" }'])(
    "has true gradients with { %s }, also in place",
    async (param) => {
      for (const shape of [
        [2, 3, 4, 2],
        [4, 3],
      ]) {
        await checkLayer(layer(param), [{ shape, values: awayFromZero }]);
        await checkLayer(layer(param), [{ shape, values: awayFromZero }], { inPlace: true });
      }
    },
  );

  test("scales what is negative by its channel's slope", async () => {
    const bench = await benchLayer(layer(), [{ shape: [1, 2, 3], values: listed([-4, 0, 4]) }]);
    expect([...bench.layer.blobs[0]!.data]).toEqual([0.25, 0.25]);
    bench.layer.blobs[0]!.set([0.5, -1]);
    bench.forward();
    expectClose(bench.tops[0]!.data, [-2, 0, 4, 4, 0, 4]);
  });

  test("learns a scalar where the channels share it", async () => {
    const { layer: built } = await benchLayer(layer("channel_shared: true"), [[2, 3]]);
    expect(built.blobs[0]!.shape).toEqual([]);
  });

  test("refuses a bottom without channels, and another number of them", async () => {
    await expect(benchLayer(layer(), [[2]])).rejects.toThrow(
      "Number of axes of bottom blob must be >=2.",
    );
    const bench = await benchLayer(layer(), [[2, 3]]);
    bench.bottoms[0]!.reshape(2, 5);
    expect(() => bench.reshape()).toThrow("the bottom now has 5 channels; it was set up for 3");
  });
});
