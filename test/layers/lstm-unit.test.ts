import { describe, expect, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = 'type: "LSTMUnit"';
const specs = (items: number, cells: number) => [
  [1, items, cells],
  [1, items, 4 * cells],
  { shape: [1, items], values: listed([1, 0, 1]) },
];

describe("LSTMUnit", () => {
  test("has true gradients, and none for the indicators", async () => {
    await checkLayer(layer, specs(3, 4), {
      tops: 2,
      propagateDown: [true, true, false],
      secondShapes: specs(2, 4),
    });
    const bench = await runLayer(layer, specs(2, 1), { tops: 2 });
    expect(() => bench.backward()).toThrow("Cannot backpropagate to sequence indicators.");
    expect(bench.definition.allowForceBackward?.(2)).toBe(false);
  });

  // Gates of 0 are half open, g is tanh 0 = 0: c = c' / 2 where the sequence goes on, else 0.
  test("halves its cells with gates of 0, and forgets them at a start", async () => {
    const bench = await runLayer(
      layer,
      [
        { shape: [1, 2, 1], values: () => 4 },
        { shape: [1, 2, 4], values: () => 0 },
        { shape: [1, 2], values: listed([1, 0]) },
      ],
      { tops: 2 },
    );
    expectClose(bench.tops[0]!.data, [2, 0]);
    expectClose(bench.tops[1]!.data, [Math.tanh(2) / 2, 0]);
  });

  test("refuses bottoms that do not fit together", async () => {
    await expect(
      benchLayer(
        layer,
        [
          [1, 2, 3],
          [1, 2, 9],
          [1, 2],
        ],
        { tops: 2 },
      ),
    ).rejects.toThrow("the bottoms must be (1, N, H), (1, N, 4 H) and (1, N)");
  });
});
