import { describe, expect, test } from "vitest";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";
import { hasOpenCv, inputLayer, runBoth } from "../support/opencv.ts";
import { hasPythonModule, runPython } from "../support/python.ts";

const layer = (h: number, w: number, scale = 1) =>
  `type: "ROIPooling" roi_pooling_param { pooled_h: ${h} pooled_w: ${w} spatial_scale: ${scale} }`;

/** Regions in an image of 8 times the size of the map: whole, inside, outside, upside down. */
const REGIONS = [
  [0, 0, 0, 79, 63],
  [1, 12, 20, 50, 44],
  [1, -40, -30, 30, 30],
  [0, 60, 40, 200, 100],
  [0, 500, 500, 600, 600],
  [1, 40, 40, 30, 20],
].flat();
const regions = { shape: [6, 5], values: listed(REGIONS) };

describe("ROIPooling", () => {
  test.each([
    [2, 3],
    [4, 4],
    [7, 7],
  ])("has a true gradient with %i x %i cells", async (h, w) => {
    // Distinct values, so that a step changes no maximum.
    const x = { shape: [2, 2, 8, 10], values: listed(shuffled(2 * 2 * 8 * 10)) };
    await checkLayer(layer(h, w, 0.125), [x, regions], {
      propagateDown: [true, false],
      secondShapes: [{ ...x, shape: [3, 2, 7, 10] }, regions],
    });
  });

  test("takes the largest value of each cell, and 0 of a cell outside", async () => {
    const bench = await runLayer(layer(2, 2), [
      { shape: [1, 1, 3, 3], values: listed([1, 2, 3, 4, 5, 6, 7, 8, 9]) },
      { shape: [2, 5], values: listed([0, 0, 0, 2, 2, 0, 2, 0, 5, 0]) },
    ]);
    expect(bench.tops[0]!.shape).toEqual([2, 1, 2, 2]);
    // 3 x 3 in 2 x 2 cells: rows 0 to 2 and 1 to 3. The second region has columns 2 and 3 to 5.
    expect([...bench.tops[0]!.data]).toEqual([5, 6, 8, 9, 3, 0, 3, 0]);
  });

  test("gives the regions a gradient of 0", async () => {
    const bench = await runLayer(layer(2, 2), [[2, 2, 8, 10], regions]);
    bench.bottoms[1]!.diff.fill(1);
    bench.backward();
    expect([...bench.bottoms[1]!.diff].every((d) => d === 0)).toBe(true);
  });

  test.skipIf(!hasPythonModule("numpy"))("agrees with its definition (needs numpy)", async () => {
    const bench = await runLayer(layer(3, 5, 0.125), [[2, 2, 8, 10], regions]);
    const script = `import json, sys, math, numpy
x = numpy.array(json.load(sys.stdin)).reshape(2, 2, 8, 10)
rois = numpy.array(${JSON.stringify(REGIONS)}).reshape(-1, 5)
half = lambda v: math.floor(abs(v) + 0.5) * (1 if v >= 0 else -1)
y = numpy.zeros((len(rois), 2, 3, 5))
for n, r in enumerate(rois):
    x1, y1, x2, y2 = (half(v / 8) for v in r[1:])
    w, h = max(x2 - x1 + 1, 1), max(y2 - y1 + 1, 1)
    for i in range(3):
        for j in range(5):
            rows = [v for v in range(y1 + i * h // 3, y1 - (-(i + 1) * h // 3)) if 0 <= v < 8]
            cols = [v for v in range(x1 + j * w // 5, x1 - (-(j + 1) * w // 5)) if 0 <= v < 10]
            if rows and cols:
                y[n, :, i, j] = x[r[0]][:, rows][:, :, cols].max((1, 2))
print(y.ravel().tolist())`;
    const expected = runPython(script, [...bench.bottoms[0]!.data]);
    expect([...bench.tops[0]!.data]).toEqual(expected);
  });

  // OpenCV's own rules differ where a region leaves the image; inside they agree.
  test.skipIf(!hasOpenCv)("agrees with OpenCV inside the image (needs cv2)", async () => {
    const net = `${inputLayer("x", 1, 2, 8, 10)}${inputLayer("r", 2, 5)}
      layer { name: "y" bottom: "x" bottom: "r" top: "y" ${layer(3, 4, 0.125)} }`;
    const { ours, theirs } = await runBoth(net, "y", ({ blobs, random }) => {
      const { data } = blobs.get("x")!;
      for (let i = 0; i < data.length; i++) data[i] = random.uniform(0, 1);
      blobs.get("r")!.set([0, 0, 0, 79, 63, 0, 12, 20, 50, 44]);
    });
    expect(ours).toEqual(theirs);
  });

  test("refuses grids without cells, regions that are none, and items that are not there", async () => {
    const x = [1, 2, 4, 4];
    await expect(benchLayer(layer(0, 2), [x, [1, 5]])).rejects.toThrow("pooled_h must be > 0");
    await expect(benchLayer(layer(2, 0), [x, [1, 5]])).rejects.toThrow("pooled_w must be > 0");
    await expect(benchLayer(layer(2, 2), [x, [1, 4]])).rejects.toThrow(
      "ROI layer C x W x H must be == 5",
    );
    const bench = await benchLayer(layer(2, 2), [x, { shape: [1, 5], values: () => 1 }]);
    expect(() => bench.forward()).toThrow("region 0 belongs to item 1; the batch has 1");
  });
});

function shuffled(count: number): number[] {
  return Array.from({ length: count }, (_, i) => ((i * 7919) % count) / 10);
}
