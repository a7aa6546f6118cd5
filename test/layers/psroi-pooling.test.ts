import { describe, expect, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";
import { hasOpenCv, inputLayer, runBoth } from "../support/opencv.ts";
import { hasPythonModule, runPython } from "../support/python.ts";

const layer = (dim: number, group: number, scale = 1) =>
  `type: "PSROIPooling" psroi_pooling_param {
     output_dim: ${dim} group_size: ${group} spatial_scale: ${scale} }`;

const REGIONS = [
  [0, 0, 0, 79, 63],
  [1, 12, 20, 50, 44],
  [1, -40, -30, 30, 30],
  [0, 60, 40, 200, 100],
  [0, 500, 500, 600, 600],
].flat();
const regions = { shape: [5, 5], values: listed(REGIONS) };

describe("PSROIPooling", () => {
  test.each([
    [2, 2],
    [1, 3],
  ])("has a true gradient with %i outputs and %i cells a side", async (dim, group) => {
    const x = [2, dim * group * group, 8, 10];
    await checkLayer(layer(dim, group, 0.125), [x, regions], {
      propagateDown: [true, false],
      secondShapes: [[3, x[1]!, 7, 9], regions],
    });
  });

  test("averages each cell in its own channel", async () => {
    const bench = await runLayer(layer(1, 2), [
      { shape: [1, 4, 2, 2], values: (_, i) => i },
      { shape: [1, 5], values: listed([0, 0, 0, 1, 1]) },
    ]);
    // Channel k holds 4 k to 4 k + 3; cell k is its place k.
    expect([...bench.tops[0]!.data]).toEqual([0, 5, 10, 15]);
  });

  test.skipIf(!hasPythonModule("numpy"))("agrees with its definition (needs numpy)", async () => {
    const bench = await runLayer(layer(2, 3, 0.125), [[2, 18, 8, 10], regions]);
    const script = `import json, sys, math, numpy
x = numpy.array(json.load(sys.stdin)).reshape(2, 18, 8, 10)
y = []
for item, *corners in numpy.array(${JSON.stringify(REGIONS)}).reshape(-1, 5):
    x1, y1, x2, y2 = corners[0] / 8, corners[1] / 8, (corners[2] + 1) / 8, (corners[3] + 1) / 8
    w, h = max(x2 - x1, 0.1) / 3, max(y2 - y1, 0.1) / 3
    for d in range(2):
        for i in range(3):
            for j in range(3):
                a, b = (min(max(v, 0), 8) for v in (math.floor(y1 + i * h), math.ceil(y1 + (i + 1) * h)))
                c, e = (min(max(v, 0), 10) for v in (math.floor(x1 + j * w), math.ceil(x1 + (j + 1) * w)))
                cell = x[item, (d * 3 + i) * 3 + j, a:b, c:e]
                y.append(cell.mean() if cell.size else 0)
print(json.dumps(y))`;
    const expected = runPython(script, [...bench.bottoms[0]!.data]) as number[];
    expectClose(bench.tops[0]!.data, expected, { atol: 1e-6 }); // means near 0
  });

  test.skipIf(!hasOpenCv)("agrees with OpenCV (needs cv2)", async () => {
    const net = `${inputLayer("x", 1, 18, 8, 10)}${inputLayer("r", 2, 5)}
      layer { name: "y" bottom: "x" bottom: "r" top: "y" ${layer(2, 3, 0.125)} }`;
    const { ours, theirs } = await runBoth(net, "y", ({ blobs, random }) => {
      const { data } = blobs.get("x")!;
      for (let i = 0; i < data.length; i++) data[i] = random.uniform(0, 1);
      blobs.get("r")!.set([0, 0, 0, 79, 63, 0, 12, 20, 50, 44]);
    });
    expect(ours.shape).toEqual(theirs.shape);
    expectClose(ours.data, theirs.data);
  });

  test.each([
    [layer(0, 2), "output_dim must be > 0"],
    [layer(2, 0), "group_size must be > 0"],
    [layer(2, 2), "output_dim x group_size^2 is 8, and the bottom has 9 channels"],
    ['type: "PSROIPooling"', "psroi_pooling_param is required"],
  ])("refuses %s", async (text, message) => {
    await expect(benchLayer(text, [[1, 9, 4, 4], regions])).rejects.toThrow(message);
  });
});
