import { describe, expect, test } from "vitest";
import { type BottomSpec, benchLayer, labels, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param = "") => `type: "Accuracy" accuracy_param { ${param} }`;
const specs = (shape: number[], scores: number[], label: number[]): BottomSpec[] => [
  { shape, values: listed(scores) },
  { shape: [shape[0]!], values: listed(label) },
];

describe("Accuracy", () => {
  test("reshapes there and back", async () => {
    const label = { shape: [2, 3], values: labels(4) };
    await checkLayer(layer(), [[2, 4, 3], label], { tops: 2, noGradient: true });
  });

  // Best class: 1, 0, 2. Labels: 1, 2, 2.
  const scores = [0, 9, 1, 8, 3, 5, 1, 2, 3];
  test.each([
    ["", 2 / 3],
    ["top_k: 2", 1],
    ["ignore_label: 2", 1],
    ["ignore_label: 1", 1 / 2],
  ])("is the part of right labels with { %s }", async (param, expected) => {
    const bench = await runLayer(layer(param), specs([3, 3], scores, [1, 2, 2]));
    expect(bench.tops[0]!.shape).toEqual([]);
    expect(bench.tops[0]!.data[0]).toBeCloseTo(expected, 6);
  });

  test("gives the accuracy of each class as a second top, 0 for a class without label", async () => {
    const { tops } = await runLayer(layer(), specs([3, 3], scores, [1, 2, 2]), { tops: 2 });
    expect([...tops[1]!.data]).toEqual([0, 1, 0.5]);
  });

  test.each([
    [[5, 5], 0],
    [[5, Number.NaN], 1],
    [[Number.NaN, 5], 1],
    [[Number.NaN, Number.NaN], 1],
    [[5, 4.9], 1],
  ])("counts scores %j with label 0 as %d right", async (scores, expected) => {
    const bench = await runLayer(layer(), specs([1, 2], scores, [0]));
    expect(bench.tops[0]!.data[0]).toBe(expected);
  });

  test("is 0 where all labels are ignored", async () => {
    const bench = await runLayer(layer("ignore_label: 1"), specs([2, 3], [1, 2, 3], [1]));
    expect(bench.tops[0]!.data[0]).toBe(0);
  });

  test("takes the classes from another axis", async () => {
    const bench = await runLayer(layer("axis: -1"), [
      { shape: [1, 2, 3], values: listed([0, 1, 2, 2, 1, 0]) },
      { shape: [1, 2], values: listed([2, 2]) },
    ]);
    expect(bench.tops[0]!.data[0]).toBe(0.5);
  });

  test.each([
    ["", [2, 3, 8, 8], "Number of labels must match number of predictions"],
    [
      "top_k: 4",
      [2, 3],
      "top_k must be less than or equal to the number of classes. It is 4, of 3 classes.",
    ],
  ])("refuses { %s } on %j", async (param, shape, message) => {
    await expect(benchLayer(layer(param), [shape, [2]])).rejects.toThrow(message);
  });

  test("refuses a label that is no class", async () => {
    await expect(runLayer(layer(), specs([1, 3], [1], [3]))).rejects.toThrow(
      "a label is 3, but there are 3 classes",
    );
  });

  test("has no gradient", async () => {
    const bench = await runLayer(layer(), specs([1, 3], [1], [2]));
    expect(() => bench.backward([true, false])).toThrow("Not Implemented Yet: Accuracy");
  });
});
