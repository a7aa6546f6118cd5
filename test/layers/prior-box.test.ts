import { describe, expect, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { benchLayer, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";
import { hasOpenCv, inputLayer, runBoth } from "../support/opencv.ts";
import { hasPythonModule, runPython } from "../support/python.ts";

const layer = (param: string) => `type: "PriorBox" prior_box_param { ${param} }`;
const map = [1, 2, 3, 2];
const image = [1, 3, 30, 40];

describe("PriorBox", () => {
  test("keeps its boxes whatever its bottoms hold, and gives them a gradient of 0", async () => {
    await checkLayer(layer("min_size: 10 max_size: 20 aspect_ratio: 2"), [map, image], {
      secondShapes: [
        [1, 2, 5, 4],
        [1, 3, 60, 50],
      ],
    });
  });

  test("puts squares and oblongs around the middle of each place", async () => {
    const bench = await runLayer(layer("min_size: 4 max_size: 9 aspect_ratio: 4 clip: false"), [
      [1, 1, 1, 2],
      [1, 3, 20, 40],
    ]);
    expect(bench.tops[0]!.shape).toEqual([1, 2, 2 * 4 * 4]);
    // The middle of the first place is (10, 10); sides 4, 6, 8 x 2 and 2 x 8.
    const boxes = [
      [8, 8, 12, 12],
      [7, 7, 13, 13],
      [6, 9, 14, 11],
      [9, 6, 11, 14],
    ];
    const first = boxes.flat().map((value, i) => value / (i % 2 === 0 ? 40 : 20));
    expectClose(bench.tops[0]!.data.subarray(0, 16), first);
    expectClose(bench.tops[0]!.data.subarray(32), Array(32).fill(0.1));
  });

  test.each([
    ["min_size: 4", 1],
    ["min_size: 4 aspect_ratio: 2", 3],
    ["min_size: 4 aspect_ratio: 2 flip: false", 2],
    ["min_size: 4 aspect_ratio: 1 aspect_ratio: 2 aspect_ratio: 2", 3],
    ["min_size: 4 min_size: 6 max_size: 5 max_size: 7 aspect_ratio: 2 aspect_ratio: 3", 12],
  ])("has as many boxes a place as { %s } says: %i", async (param, count) => {
    const bench = await benchLayer(layer(param), [map, image]);
    expect(bench.tops[0]!.shape[2]).toBe(3 * 2 * count * 4);
  });

  test("cuts sizes to whole pixels, as SSD does", async () => {
    const sizes = async (param: string) => [
      ...(await runLayer(layer(param), [map, image])).tops[0]!.data,
    ];
    expect(await sizes("min_size: 4.9")).toEqual(await sizes("min_size: 4"));
  });

  test("takes image and step from its parameters where they are given", async () => {
    const param = "min_size: 4 img_h: 100 img_w: 200 step_h: 10 step_w: 20 offset: 0";
    const bench = await runLayer(layer(param), [map, image]);
    const last = bench.tops[0]!.data.subarray(4 * 5, 4 * 6); // place (2, 1)
    expectClose(last, [18 / 200, 18 / 100, 22 / 200, 22 / 100]);
  });

  // OpenCV's own defaults are to clip and to have no variance, so both are given. It has no img_size.
  const params = [
    "min_size: 10 clip: true variance: 0.1",
    "min_size: 8 max_size: 15 aspect_ratio: 2 aspect_ratio: 3 clip: false variance: 0.1 variance: 0.1 variance: 0.2 variance: 0.2",
    "min_size: 7 aspect_ratio: 2 flip: false step: 12 offset: 0.25 clip: false variance: 0.3",
    "min_size: 5 aspect_ratio: 3 img_size: 64 clip: false variance: 0.1",
  ];

  test.skipIf(!hasPythonModule("numpy")).each(params)(
    "agrees with its definition with { %s } (needs numpy)",
    async (param) => {
      const bench = await runLayer(layer(param), [map, image]);
      const script = `import json, sys, re
from math import sqrt
text = json.load(sys.stdin)
value = lambda n, f=float: [f(v) for v in re.findall(r"\\b" + n + r": (\\S+)", text)]
one = lambda n, default: (value(n) + [default])[0]
flip, clip = "flip: false" not in text, "clip: true" in text
iw, ih = one("img_size", 40), one("img_size", 30)
sw, sh, o = one("step", iw / 2), one("step", ih / 3), one("offset", 0.5)
y = []
for h in range(3):
    for w in range(2):
        cx, cy = (w + o) * sw, (h + o) * sh
        for k, m in enumerate(value("min_size")):
            sides = [(m, m)] + [(sqrt(m * b), sqrt(m * b)) for b in value("max_size")[k:k + 1]]
            for r in value("aspect_ratio"):
                sides += [(m * sqrt(r), m / sqrt(r))] + ([(m / sqrt(r), m * sqrt(r))] if flip else [])
            for a, b in sides:
                y += [(cx - a / 2) / iw, (cy - b / 2) / ih, (cx + a / 2) / iw, (cy + b / 2) / ih]
if clip: y = [min(max(v, 0), 1) for v in y]
v = value("variance") or [0.1]
print(json.dumps(y + [v[i % len(v)] for i in range(len(y))]))`;
      expectClose(bench.tops[0]!.data, runPython(script, param) as number[], { atol: 1e-6 });
    },
  );

  test.skipIf(!hasOpenCv).each(params.slice(0, 3))(
    "agrees with OpenCV with { %s } (needs cv2)",
    async (param) => {
      const net = `${inputLayer("map", ...map)}${inputLayer("image", ...image)}
      layer { name: "y" bottom: "map" bottom: "image" top: "y" ${layer(param)} }`;
      const { ours, theirs } = await runBoth(net, "y", () => {});
      expect(ours.shape).toEqual(theirs.shape);
      expectClose(ours.data, theirs.data, { atol: 1e-6 }); // differences near 0
    },
  );

  test.each([
    ["", "must provide min_size."],
    ["min_size: 0", "min_size must be positive. It is 0"],
    ["min_size: 4 max_size: 4", "max_size must be greater than min_size. They are 4 and 4"],
    ["min_size: 4 min_size: 5 max_size: 6", "one max_size for each min_size, or none: 2, not 1"],
    ["min_size: 4 variance: 1 variance: 2", "give 1 or 4 values of variance, not 2"],
    ["min_size: 4 variance: -1", "variance must be positive. It is -1"],
    ["min_size: 4 img_h: 3", "img_w should be larger than 0."],
    [
      "min_size: 4 img_size: 4 img_h: 3",
      "Either img_size or img_h/img_w should be specified; not both.",
    ],
    ["min_size: 4 step: 0", "step should be larger than 0."],
    ["min_size: 4 step_h: 1", "step_w should be larger than 0."],
    [
      "min_size: 4 step: 1 step_w: 1",
      "Either step or step_h/step_w should be specified; not both.",
    ],
  ])("refuses { %s }", async (param, message) => {
    await expect(benchLayer(layer(param), [map, image])).rejects.toThrow(message);
  });
});
