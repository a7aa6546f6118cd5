import { describe, expect, test } from "vitest";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param = "") => `type: "ContrastiveLoss" contrastive_loss_param { ${param} }`;
const propagateDown = [true, true, false];
const alike = (...values: number[]) => ({ shape: [values.length], values: listed(values) });

describe("ContrastiveLoss", () => {
  test.each(["margin: 4", "margin: 10 legacy_version: true"])(
    "has true gradients with { %s }",
    async (param) => {
      const specs = [[6, 3], [6, 3], { shape: [6], values: listed([1, 0]) }];
      await checkLayer(layer(param), specs, { propagateDown });
    },
  );

  // Distances 3 and 1 (squares 9 and 1): alike 9; unlike (2 - 1)^2, or 2 - 1 in the old version.
  test.each([
    ["margin: 2", (9 + 1) / 4],
    ["margin: 2 legacy_version: true", (9 + 1) / 4],
    ["margin: 3", (9 + 4) / 4],
    ["margin: 3 legacy_version: true", (9 + 2) / 4],
    ["margin: 0.5", 9 / 4],
  ])("with { %s } is %d", async (param, expected) => {
    const bench = await runLayer(layer(param), [
      { shape: [2, 2], values: listed([3, 0, 0, 1]) },
      { shape: [2, 2], values: () => 0 },
      alike(1, 0),
    ]);
    expect(bench.tops[0]!.data[0]).toBeCloseTo(expected, 6);
  });

  test("has a finite gradient where unlike items coincide", async () => {
    const bench = await runLayer(layer(), [
      { shape: [1, 2], values: () => 1 },
      { shape: [1, 2], values: () => 1 },
      alike(0),
    ]);
    bench.tops[0]!.diff.fill(1);
    bench.backward(propagateDown);
    expect([...bench.bottoms[0]!.diff].map((x) => x + 0)).toEqual([0, 0]);
  });

  test("forces no gradient on the third bottom, and refuses what is no pair", async () => {
    const { definition } = await benchLayer(layer(), [[2, 3], [2, 3], alike(0, 1)]);
    expect([0, 1, 2].map((i) => definition.allowForceBackward?.(i))).toEqual([true, true, false]);
    for (const [a, b] of [
      [
        [2, 3],
        [2, 4],
      ],
      [
        [2, 3, 2],
        [2, 3, 2],
      ],
      [
        [2, 6],
        [2, 3, 2],
      ],
    ]) {
      await expect(benchLayer(layer(), [a!, b!, alike(0, 1)])).rejects.toThrow(
        "the first two bottoms must be pairs of vectors",
      );
    }
    await benchLayer(layer(), [[2, 3, 1, 1], [2, 3], { shape: [2, 1, 1, 1], values: listed([1]) }]);
  });
});
