import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/core/random.ts";
import { expectClose } from "../support/allclose.ts";
import { type BottomSpec, SEED, benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const fillers =
  'weight_filler { type: "uniform" min: -0.5 max: 0.5 } bias_filler { type: "uniform" }';
const layer = (param = "") => `type: "RNN" recurrent_param { num_output: 4 ${fillers} ${param} }`;
const cont = (steps: number, items: number) => ({
  shape: [steps, items],
  values: listed([0, 1, 1, 0, 1, 1, 1]),
});
const sequence = (items: number): BottomSpec[] => [[3, items, 2], cont(3, items)];
const state = (items: number) => [1, items, 4];

describe("RNN", () => {
  test("has true gradients, and none for the indicators", async () => {
    await checkLayer(layer(), sequence(2), {
      propagateDown: [true, false],
      secondShapes: sequence(3),
    });
    const bench = await runLayer(layer(), sequence(2));
    expect(() => bench.backward()).toThrow("Cannot backpropagate to sequence indicators.");
    expect(bench.definition.allowForceBackward?.(1)).toBe(false);
  });

  test("has true gradients with a static input and exposed states", async () => {
    const specs = (items: number): BottomSpec[] => [...sequence(items), [items, 3], state(items)];
    await checkLayer(layer("expose_hidden: true"), specs(2), {
      tops: 2,
      // The states carry no gradient, neither into the layer nor out of it.
      propagateDown: [true, false, true, false],
      topsWithoutGradient: [1],
      secondShapes: specs(1),
    });
  });

  test("remembers its state from one pass to the next, until a sequence starts", async () => {
    const bench = await benchLayer(layer(), [
      { shape: [2, 1, 2], values: () => 1 },
      { shape: [2, 1], values: () => 1 },
    ]);
    const whole = await runLayer(layer(), [
      { shape: [4, 1, 2], values: () => 1 },
      { shape: [4, 1], values: () => 1 },
    ]);
    bench.forward();
    const first = bench.tops[0]!.data.slice();
    bench.forward();
    expectClose([...first, ...bench.tops[0]!.data], whole.tops[0]!.data);
    bench.bottoms[1]!.set([0, 1]);
    bench.forward();
    expectClose(bench.tops[0]!.data, first);
  });

  test("keeps the state of the streams that stay when their number changes", async () => {
    const constant = (items: number): BottomSpec[] => [
      { shape: [2, items, 2], values: () => 1 },
      { shape: [2, items], values: () => 1 },
    ];
    const bench = await runLayer(layer(), constant(3));
    const alone = await runLayer(layer(), constant(1));
    bench.bottoms[0]!.reshape(2, 1, 2);
    bench.bottoms[1]!.reshape(2, 1);
    bench.reshape();
    for (const { forward } of [bench, alone]) forward();
    expectClose(bench.tops[0]!.data, alone.tops[0]!.data);
  });

  test("draws for every step, as Caffe's unrolled layers do, and keeps the first step's weights", async () => {
    const { bottoms, random } = await benchLayer(layer(), sequence(2));
    const expected = createRandom(SEED);
    for (let i = 0; i < bottoms[0]!.count; i++) expected.gaussian(0, 1);
    const perStep = 4 * 4 + 4 * 4 + 4;
    const total = 4 * 2 + 4 + 3 * perStep;
    for (let i = 0; i < total; i++) expected.uint32();
    expect(random.uint32()).toBe(expected.uint32());
  });

  test("goes on from a saved state", async () => {
    const bench = await runLayer(layer(), sequence(2));
    const saved = JSON.parse(JSON.stringify(bench.layer.saveState?.()));
    bench.forward();
    const expected = bench.tops[0]!.data.slice();
    bench.layer.restoreState?.(saved);
    bench.forward();
    expect(bench.tops[0]!.data).toEqual(expected);
    expect(() => bench.layer.restoreState?.([[1]])).toThrow("saved state of a recurrent layer");
  });

  test.each([
    [
      layer(),
      [
        [3, 2, 2],
        [2, 2],
      ],
      1,
      "bottom[1] must have exactly 2 axes",
    ],
    [layer(), [[3], [3, 1]], 1, "bottom[0] must have at least 2 axes"],
    [
      layer(),
      [
        [3, 2, 2],
        [3, 2],
        [5, 2],
      ],
      1,
      "the static input has 5 items, not 2",
    ],
    [
      layer(),
      [
        [3, 2, 2],
        [3, 2],
      ],
      2,
      "RNN Layer produces 1 top blob(s) as output.",
    ],
    [
      layer("expose_hidden: true"),
      [
        [3, 2, 2],
        [3, 2],
      ],
      1,
      "RNN Layer takes at least 3 bottom blob(s) as input.",
    ],
    [
      'type: "RNN"',
      [
        [3, 2, 2],
        [3, 2],
      ],
      1,
      "num_output must be positive",
    ],
  ])("refuses %s on %j", async (text, shapes, tops, message) => {
    await expect(benchLayer(text, shapes, { tops })).rejects.toThrow(message);
  });
});
