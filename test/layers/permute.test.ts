import { describe, expect, test } from "vitest";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";
import { hasPythonModule, runPython } from "../support/python.ts";

const layer = (...order: number[]) =>
  `type: "Permute" permute_param { ${order.map((axis) => `order: ${axis}`).join(" ")} }`;

describe("Permute", () => {
  test.each([[[0, 2, 3, 1]], [[3, 1]], [[1]], [[2, 3, 0, 1]], [[3, 2, 1, 0]]])(
    "has a true gradient with the order %j",
    async (order) => {
      await checkLayer(layer(...order), [[2, 3, 4, 5]]);
    },
  );

  test("brings (N, C, H, W) to (N, H, W, C)", async () => {
    const specs = [{ shape: [1, 2, 1, 3], values: listed([1, 2, 3, 4, 5, 6]) }];
    const bench = await runLayer(layer(0, 2, 3, 1), specs);
    expect(bench.tops[0]!.shape).toEqual([1, 1, 3, 2]);
    expect([...bench.tops[0]!.data]).toEqual([1, 4, 2, 5, 3, 6]);
  });

  test("takes the axes that are not named after the others", async () => {
    const bench = await runLayer(layer(2), [[2, 3, 4]]);
    expect(bench.tops[0]!.shape).toEqual([4, 2, 3]);
  });

  test.each([[[]], [[0, 1, 2, 3]]])(
    "shares its bottom's memory with the order %j",
    async (order) => {
      const bench = await runLayer(layer(...order), [[2, 3, 4, 5]]);
      expect(bench.tops[0]!.sharesDataWith(bench.bottoms[0]!)).toBe(true);
      expect(bench.tops[0]!.shape).toEqual([2, 3, 4, 5]);
      bench.tops[0]!.diff.fill(3);
      bench.backward();
      expect(bench.bottoms[0]!.diff[7]).toBe(3);
    },
  );

  test("has no values where its bottom has none", async () => {
    const bench = await runLayer(layer(0, 2, 3, 1), [[0, 3, 4, 5]]);
    expect(bench.tops[0]!.shape).toEqual([0, 4, 5, 3]);
  });

  test.skipIf(!hasPythonModule("numpy"))(
    "agrees with numpy.transpose for all orders (needs numpy)",
    async () => {
      const shape = [3, 1, 40, 2, 33];
      for (const order of [
        [0, 2, 3, 4, 1],
        [4, 3, 2, 1, 0],
        [2, 0, 4, 3, 1],
        [1, 4, 2, 0, 3],
      ]) {
        const bench = await runLayer(layer(...order), [shape]);
        const x = [...bench.bottoms[0]!.data];
        const script = `import json, sys, numpy
i = json.load(sys.stdin)
print(numpy.array(i["x"]).reshape(i["shape"]).transpose(i["order"]).ravel().tolist())`;
        expect([...bench.tops[0]!.data]).toEqual(runPython(script, { x, shape, order }));
      }
    },
  );

  test("refuses a top in place of its bottom", async () => {
    await expect(benchLayer(layer(1, 0), [[2, 2]], { inPlace: true })).rejects.toThrow(
      "Permute Layer does not allow in-place computation.",
    );
  });

  test.each([
    [[0, 4], "order should be less than the input dimension. It is 4; the bottom has 4 axes"],
    [[1, 1], "there are duplicate orders: 1 is given twice"],
  ])("refuses the order %j", async (order, message) => {
    await expect(benchLayer(layer(...order), [[2, 3, 4, 5]])).rejects.toThrow(message);
  });
});
