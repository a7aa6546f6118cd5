import { describe, expect, test } from "vitest";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";
import { expectClose } from "../support/allclose.ts";
import { hasPythonModule, runPython } from "../support/python.ts";

const layer = `type: "Axpy"`;

describe("Axpy", () => {
  test.each([[[2, 3]], [[2, 3, 1, 1]]])("has a true gradient with scales %j", async (scales) => {
    await checkLayer(layer, [scales, [2, 3, 4, 5], [2, 3, 4, 5]]);
  });

  test("has a true gradient without spatial axes", async () => {
    await checkLayer(layer, [
      [2, 3],
      [2, 3],
      [2, 3],
    ]);
  });

  test("scales each channel of each item and adds", async () => {
    const bench = await runLayer(layer, [
      { shape: [1, 2, 1, 1], values: listed([2, -1]) },
      { shape: [1, 2, 1, 2], values: listed([1, 2, 3, 4]) },
      { shape: [1, 2, 1, 2], values: listed([10, 20, 30, 40]) },
    ]);
    expect([...bench.tops[0]!.data]).toEqual([12, 24, 27, 36]);
  });

  test.skipIf(!hasPythonModule("numpy"))("agrees with numpy (needs numpy)", async () => {
    const shape = [2, 3, 4, 5];
    const bench = await runLayer(layer, [[2, 3, 1, 1], shape, shape]);
    const [a, x, y] = bench.bottoms.map(({ data }) => [...data]);
    const script = `import json, sys, numpy
i = json.load(sys.stdin)
x, y = (numpy.array(i[k]).reshape(2, 3, 4, 5) for k in "xy")
print((numpy.array(i["a"]).reshape(2, 3, 1, 1) * x + y).ravel().tolist())`;
    const expected = runPython(script, { a, x, y }) as number[];
    expectClose(bench.tops[0]!.data, expected, { atol: 1e-6 }); // sums near 0
  });

  test.each([
    [
      [
        [2, 4],
        [2, 3, 2],
        [2, 3, 2],
      ],
      "bottom[0] must be (N, C) or (N, C, 1, 1)",
    ],
    [
      [
        [2, 3, 2],
        [2, 3, 2],
        [2, 3, 2],
      ],
      "a number for each channel of bottom[1]: 2 x 3, not 2 3 2 (12)",
    ],
    [
      [
        [2, 3],
        [2, 3, 2],
        [2, 3, 1],
      ],
      "bottom[1]: 2 3 2 (12), bottom[2]: 2 3 1 (6); they must be equal",
    ],
  ])("refuses bottoms of shapes %j", async (shapes, message) => {
    await expect(benchLayer(layer, shapes)).rejects.toThrow(message);
  });

  test("refuses a top in place of the scales", async () => {
    const shapes = [
      [2, 3],
      [2, 3],
      [2, 3],
    ];
    await expect(benchLayer(layer, shapes, { inPlace: true })).rejects.toThrow(
      "the top may only be in place of the third bottom",
    );
  });
});
