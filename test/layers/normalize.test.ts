import { describe, expect, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { benchLayer, between, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";
import { hasOpenCv, inputLayer, runBoth } from "../support/opencv.ts";

const layer = (param = "", name = "norm_param") => `type: "Normalize" ${name} { ${param} }`;
const uniform = 'scale_filler { type: "uniform" min: 0.5 max: 2 }';

describe("Normalize", () => {
  test.each([
    "",
    "across_spatial: false",
    `channel_shared: false ${uniform}`,
    `across_spatial: false channel_shared: false ${uniform}`,
    "across_spatial: false eps: 0.5",
  ])("has a true gradient with { %s }", async (param) => {
    for (const inPlace of [false, true]) {
      await checkLayer(layer(param), [{ shape: [2, 3, 2, 2], values: between(0.5, 2) }], {
        inPlace,
      });
    }
    await checkLayer(layer(param), [[3, 4]]);
  });

  test("gives vectors of length 1, at each place or for each item", async () => {
    const specs = [{ shape: [1, 2, 1, 2], values: listed([3, 0, 4, 2]) }];
    const places = await runLayer(layer("across_spatial: false"), specs);
    expectClose(places.tops[0]!.data, [0.6, 0, 0.8, 1]);
    const items = await runLayer(layer(), [{ shape: [1, 2, 1, 2], values: listed([1, 1, 1, 1]) }]);
    expectClose(items.tops[0]!.data, [0.5, 0.5, 0.5, 0.5]);
  });

  test("takes what OpenCV's first nets call normalize_bbox_param", async () => {
    const text = layer("across_spatial: false", "normalize_bbox_param");
    const bench = await runLayer(text, [{ shape: [1, 2, 1, 2], values: listed([3, 0, 4, 2]) }]);
    expectClose(bench.tops[0]!.data, [0.6, 0, 0.8, 1]);
  });

  test("has one scale, or one for each channel", async () => {
    const shared = await benchLayer(layer(), [[2, 3, 4, 5]]);
    expect(shared.layer.blobs.map(({ shape }) => shape)).toEqual([[]]);
    expect([...shared.layer.blobs[0]!.data]).toEqual([1]);
    const own = await benchLayer(layer("channel_shared: false"), [[2, 3, 4, 5]]);
    expect(own.layer.blobs.map(({ shape }) => shape)).toEqual([[3]]);
  });

  // OpenCV has no single scale (a blob without axes), nor one a channel across places.
  test.skipIf(!hasOpenCv)("agrees with OpenCV at each place (needs cv2)", async () => {
    const param = "across_spatial: false channel_shared: false";
    // OpenCV takes one item at a time.
    const net = `${inputLayer("x", 1, 3, 4, 5)}
      layer { name: "y" bottom: "x" top: "y" ${layer(`${param} ${uniform}`)} }`;
    const { ours, theirs } = await runBoth(net, "y", ({ blobs, random }) => {
      const { data } = blobs.get("x")!;
      for (let i = 0; i < data.length; i++) data[i] = random.gaussian(0, 1);
    });
    expect(ours.shape).toEqual(theirs.shape);
    expectClose(ours.data, theirs.data);
  });

  test("refuses a bottom without channels, and another number of them", async () => {
    await expect(benchLayer(layer(), [[3]])).rejects.toThrow(
      "Number of axes of bottom blob must be >=2. It is 1.",
    );
    const bench = await benchLayer(layer(), [[2, 3]]);
    bench.bottoms[0]!.reshape(2, 4);
    expect(() => bench.reshape()).toThrow("the bottom now has 4 channels; it was set up for 3");
  });
});
