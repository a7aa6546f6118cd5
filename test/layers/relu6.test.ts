import { describe, expect, test } from "vitest";
import { between, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";
import { hasOpenCv, inputLayer, runBoth } from "../support/opencv.ts";

const layer = (slope?: number) =>
  `type: "ReLU6" ${slope === undefined ? "" : `relu6_param { negative_slope: ${slope} }`}`;

describe("ReLU6", () => {
  test.each([undefined, 0.1])("has a true gradient with negative_slope %s", async (slope) => {
    for (const inPlace of [false, true]) {
      const away = { shape: [2, 3, 4], values: listed([-3, -0.5, 0.5, 3, 5.5, 6.5, 9]) };
      await checkLayer(layer(slope), [away], { inPlace });
    }
  });

  test("cuts at 0 and 6", async () => {
    const specs = [{ shape: [6], values: listed([-2, -0, 0.5, 6, 6.5, 100]) }];
    const bench = await runLayer(layer(), specs);
    expect([...bench.tops[0]!.data]).toEqual([0, 0, 0.5, 6, 6, 6]);
    const leaky = await runLayer(layer(0.5), specs);
    expect(leaky.tops[0]!.data[0]).toBe(-1);
  });

  test("has no gradient at 6, and the slope at 0", async () => {
    const bench = await runLayer(layer(0.5), [{ shape: [2], values: listed([0, 6]) }]);
    bench.tops[0]!.diff.fill(1);
    bench.backward();
    expect([...bench.bottoms[0]!.diff]).toEqual([0.5, 0]);
  });

  test.skipIf(!hasOpenCv)("agrees with OpenCV (needs cv2)", async () => {
    const net = `${inputLayer("x", 2, 3, 4, 5)} layer { name: "y" bottom: "x" top: "y" ${layer()} }`;
    const { ours, theirs } = await runBoth(net, "y", ({ blobs, random }) => {
      const x = blobs.get("x")!;
      for (let i = 0; i < x.count; i++) x.data[i] = between(-4, 12)(random, i);
    });
    expect(ours).toEqual(theirs);
  });
});
