import { describe, expect, test } from "vitest";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param = "") => `type: "Crop" crop_param { ${param} }`;
const propagateDown = [true, false];

describe("Crop", () => {
  test.each([
    ["", [2, 3, 6, 5], [2, 3, 4, 2]],
    ["offset: 1", [2, 3, 6, 5], [2, 3, 4, 2]],
    ["offset: 2 offset: 0", [2, 3, 6, 5], [2, 3, 4, 2]],
    ["axis: 0 offset: 1 offset: 0 offset: 2 offset: 3", [3, 3, 6, 5], [2, 2, 4, 2]],
    ["axis: 1 offset: 0", [2, 3, 4, 2, 2], [2, 2, 4, 1, 2]],
    ["axis: -1 offset: 1", [2, 3, 4], [2, 3, 2]],
  ])("has a true gradient with { %s }", async (param, shape, reference) => {
    await checkLayer(layer(param), [shape, reference], { propagateDown });
  });

  //  0  1  2  3
  //  4 [5  6] 7    offset 1: rows and columns 1 and 2
  //  8 [9 10] 11
  test("cuts out the window at the offset", async () => {
    const bench = await runLayer(layer("offset: 1"), [
      { shape: [1, 1, 3, 4], values: (_, i) => i },
      [1, 1, 2, 2],
    ]);
    expect([...bench.tops[0]!.data]).toEqual([5, 6, 9, 10]);
    bench.tops[0]!.set([1, 2, 3, 4]);
    bench.tops[0]!.diff.set([1, 2, 3, 4]);
    bench.bottoms[1]!.diff.fill(7);
    bench.backward(propagateDown);
    expect([...bench.bottoms[0]!.diff]).toEqual([0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0]);
    expect(new Set(bench.bottoms[1]!.diff)).toEqual(new Set([7]));
  });

  test("takes only the cropped axes' sizes from the reference", async () => {
    const bench = await runLayer(layer(), [
      [2, 3, 4, 4],
      { shape: [5, 7, 2, 3], values: listed([0]) },
    ]);
    expect(bench.tops[0]!.shape).toEqual([2, 3, 2, 3]);
  });

  test.each([
    ["offset: 4", "the crop for dimension 2 is out-of-bounds with size 5 and offset 4"],
    ["offset: 1 offset: 1 offset: 1", "number of offset values specified must be equal"],
    ["axis: 4", "axis 4 out of range for 4-D Blob"],
  ])("refuses { %s }", async (param, message) => {
    await expect(
      benchLayer(layer(param), [
        [2, 3, 8, 8],
        [2, 3, 5, 5],
      ]),
    ).rejects.toThrow(message);
  });

  test("refuses a reference that lacks an axis; one with more axes will do", async () => {
    const x = [2, 3, 8, 8];
    await expect(benchLayer(layer(), [x, [2, 3, 5]])).rejects.toThrow(
      "axis 3 out of range for 3-D Blob with shape 2 3 5 (30)",
    );
    const bench = await benchLayer(layer(), [x, [2, 3, 5, 6, 7]]);
    expect(bench.tops[0]!.shape).toEqual([2, 3, 5, 6]);
  });
});
