import { describe, expect, test } from "vitest";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param = "") => `type: "Upsample" upsample_param { ${param} }`;

describe("Upsample without a mask", () => {
  test.each(["", "scale: 2", "scale: 3"])("has a true gradient with { %s }", async (param) => {
    await checkLayer(layer(param), [[2, 3, 2, 3]]);
  });

  test("copies each value", async () => {
    const specs = [{ shape: [1, 1, 2, 2], values: listed([1, 2, 3, 4]) }];
    const bench = await runLayer(layer("scale: 2"), specs);
    expect(bench.tops[0]!.shape).toEqual([1, 1, 4, 4]);
    expect([...bench.tops[0]!.data]).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
  });

  test.each([
    ["scale: 0", "scale must be at least 1"],
    ["scale_h: 2 scale_w: 2", "without a mask as second bottom the size is given by scale alone"],
    ["upsample_h: 4 upsample_w: 4", "without a mask as second bottom"],
  ])("refuses { %s }", async (param, message) => {
    await expect(benchLayer(layer(param), [[1, 1, 2, 2]])).rejects.toThrow(message);
  });
});

describe("Upsample with a mask", () => {
  /** Places of four values among sixteen, twice. */
  const mask = { shape: [1, 2, 2, 2], values: listed([0, 3, 9, 14, 5, 2, 8, 11]) };
  const propagateDown = [true, false];

  test.each(["", "scale: 2", "upsample_h: 4 upsample_w: 4", "scale_h: 2 scale_w: 3"])(
    "has a true gradient with { %s }",
    async (param) => {
      await checkLayer(layer(param), [[1, 2, 2, 2], mask], { propagateDown });
    },
  );

  test("puts each value where the mask says, and 0 elsewhere", async () => {
    const bench = await runLayer(layer(), [
      { shape: [1, 1, 2, 2], values: listed([1, 2, 3, 4]) },
      { shape: [1, 1, 2, 2], values: listed([5, 2, 8, 15]) },
    ]);
    expect([...bench.tops[0]!.data]).toEqual([0, 0, 2, 0, 0, 1, 0, 0, 3, 0, 0, 0, 0, 0, 0, 4]);
    bench.bottoms[1]!.diff.fill(7);
    bench.tops[0]!.diff.set(Float32Array.from({ length: 16 }, (_, i) => i));
    bench.backward();
    expect([...bench.bottoms[0]!.diff]).toEqual([5, 2, 8, 15]);
    expect([...bench.bottoms[1]!.diff]).toEqual([0, 0, 0, 0]);
  });

  test.each([
    ["", [6, 10]],
    ["scale: 3", [9, 15]],
    ["scale_h: 2 scale_w: 4", [6, 20]],
    ["scale: 2 pad_out_h: true", [5, 10]],
    ["scale: 2 pad_out_h: true pad_out_w: true", [5, 9]],
    ["upsample_h: 23 upsample_w: 30", [23, 30]],
  ])("makes the size that { %s } asks for", async (param, size) => {
    const shape = [1, 2, 3, 5];
    const bench = await benchLayer(layer(param), [shape, shape]);
    expect(bench.tops[0]!.shape).toEqual([1, 2, ...size]);
  });

  test.each([
    ["scale: 1", "scale must be above 1"],
    ["scale: 2 scale_h: 2 scale_w: 2", "scale OR scale_h & scale_w are required."],
    ["scale_h: 2", "scale OR scale_h & scale_w are required."],
    ["upsample_h: 1 upsample_w: 4", "upsample_h and upsample_w must be above 1"],
    ["scale: 3 pad_out_h: true", "Output height padding compensation requires scale_h == 2"],
    ["scale: 3 pad_out_w: true", "Output width padding compensation requires scale_w == 2"],
  ])("refuses { %s }", async (param, message) => {
    const shape = [1, 1, 2, 2];
    await expect(benchLayer(layer(param), [shape, shape])).rejects.toThrow(message);
  });

  test.each([16, -1])("refuses a mask that points to place %i of 16", async (place) => {
    const bench = await benchLayer(layer(), [
      [1, 1, 2, 2],
      { shape: [1, 1, 2, 2], values: () => place },
    ]);
    expect(() => bench.forward()).toThrow(
      `upsample top index ${place} out of range - check scale settings match input pooling layer's`,
    );
  });

  test("refuses a mask of another shape", async () => {
    await expect(
      benchLayer(layer(), [
        [1, 1, 2, 2],
        [1, 1, 2, 3],
      ]),
    ).rejects.toThrow("the mask must have the first bottom's shape: 1 1 2 2 (4), not 1 1 2 3 (6)");
  });
});
