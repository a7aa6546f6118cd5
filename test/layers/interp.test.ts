import { describe, expect, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";
import { hasPythonModule, runPython } from "../support/python.ts";

const layer = (param: string) => `type: "Interp" ${param && `interp_param { ${param} }`}`;

describe("Interp", () => {
  test.each([
    "height: 7 width: 4",
    "height: 2 width: 3",
    "height: 1 width: 1",
    "height: 4 width: 5",
    "zoom_factor: 3",
    "shrink_factor: 2",
    "shrink_factor: 2 zoom_factor: 4",
    "zoom_factor: 2 pad_beg: -1 pad_end: -1",
    "height: 6 width: 6 pad_end: -2",
  ])("has a true gradient with { %s }", async (param) => {
    await checkLayer(layer(param), [[2, 2, 4, 5]]);
  });

  test("takes the size of a second bottom, which gets a gradient of 0", async () => {
    const bench = await runLayer(layer(""), [
      [2, 3, 4, 5],
      [1, 1, 7, 3],
    ]);
    expect(bench.tops[0]!.shape).toEqual([2, 3, 7, 3]);
    bench.bottoms[1]!.diff.fill(9);
    bench.backward();
    expect([...bench.bottoms[1]!.diff].every((d) => d === 0)).toBe(true);
  });

  test.each([
    ["height: 7 width: 4", [7, 4]],
    ["zoom_factor: 8", [57, 73]],
    ["zoom_factor: 8 pad_beg: -1 pad_end: -2", [33, 49]],
    ["shrink_factor: 2", [4, 5]],
    ["shrink_factor: 3", [3, 4]],
    ["shrink_factor: 3 zoom_factor: 2", [5, 7]],
  ])("makes the size that { %s } asks for", async (param, size) => {
    const bench = await benchLayer(layer(param), [[1, 2, 8, 10]]);
    expect(bench.tops[0]!.shape.slice(2)).toEqual(size);
  });

  test("keeps corners, and what lies halfway is the mean", async () => {
    const specs = [{ shape: [1, 1, 2, 2], values: listed([0, 2, 4, 10]) }];
    const bench = await runLayer(layer("height: 3 width: 3"), specs);
    expect([...bench.tops[0]!.data]).toEqual([0, 1, 2, 2, 4, 6, 4, 7, 10]);
  });

  test.skipIf(!hasPythonModule("numpy")).each([
    ["height: 6 width: 9 pad_beg: -2 pad_end: -1", 2, 1],
    ["height: 1 width: 3", 0, 0],
    ["zoom_factor: 4", 0, 0],
    ["shrink_factor: 2", 0, 0],
  ])("agrees with its definition with { %s } (needs numpy)", async (param, begin, end) => {
    const bench = await runLayer(layer(param), [[2, 3, 8, 9]]);
    const script = `import json, sys, numpy
i = json.load(sys.stdin)
x = numpy.array(i["x"]).reshape(6, 8, 9)[:, i["begin"]:8 - i["end"], i["begin"]:9 - i["end"]]
def weights(n, m):
    w = numpy.zeros((m, n))
    for i in range(m):
        p = i * (n - 1) / (m - 1) if m > 1 else 0
        k = min(int(p), n - 2)
        w[i, k], w[i, k + 1] = 1 - (p - k), p - k
    return w
h, w = i["size"]
print((weights(x.shape[1], h) @ x @ weights(x.shape[2], w).T).ravel().tolist())`;
    const x = [...bench.bottoms[0]!.data];
    const size = bench.tops[0]!.shape.slice(2);
    const expected = runPython(script, { x, begin, end, size }) as number[];
    expectClose(bench.tops[0]!.data, expected, { atol: 1e-5 }); // places are float32, as in DeepLab
  });

  test.each([
    ["", "Output dimension specified either by zoom factor or shrink factor or explicitly"],
    ["height: 3", "Output dimension specified either by zoom factor"],
    ["height: 3 width: 3 zoom_factor: 2", "Output dimension specified either by zoom factor"],
    ["height: 0 width: 3", "height should be positive. It is 0"],
    ["zoom_factor: 0", "Zoom factor must be positive. It is 0"],
    ["shrink_factor: -1", "Shrink factor must be positive. It is -1"],
    ["zoom_factor: 2 pad_beg: 1", "Only supports non-pos padding (cropping) for now"],
    ["zoom_factor: 2 pad_beg: -3 pad_end: -3", "height and width should be positive after padding"],
  ])("refuses { %s }", async (param, message) => {
    await expect(benchLayer(layer(param), [[1, 2, 5, 6]])).rejects.toThrow(message);
  });

  test("refuses bottoms that are no images", async () => {
    await expect(benchLayer(layer("zoom_factor: 2"), [[2, 3]])).rejects.toThrow(
      "the bottom must be (N, C, H, W), not 2 3 (6)",
    );
  });
});
