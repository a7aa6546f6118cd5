import { describe, expect, test } from "vitest";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param = "") => `type: "Slice" slice_param { ${param} }`;

describe("Slice", () => {
  test.each([
    ["axis: 0", 2, [4, 3, 2], [[6, 3, 2]]],
    ["axis: 1 slice_point: 1 slice_point: 3", 3, [2, 5, 2], undefined],
    ["axis: -1", 3, [2, 2, 6], undefined],
    ["slice_dim: 2 slice_point: 2", 2, [2, 2, 5], undefined],
    ["", 1, [2, 3], undefined],
  ])("has a true gradient with { %s } and %d tops", async (param, tops, shape, second) => {
    await checkLayer(layer(param), [shape], { tops, ...(second && { secondShapes: second }) });
  });

  test("cuts into equal parts along the second axis by default", async () => {
    const specs = [{ shape: [2, 4], values: listed([1, 2, 3, 4, 5, 6, 7, 8]) }];
    const { tops } = await runLayer(layer(), specs, { tops: 2 });
    expect(tops.map(({ shape }) => shape)).toEqual([
      [2, 2],
      [2, 2],
    ]);
    expect(tops.map(({ data }) => [...data])).toEqual([
      [1, 2, 5, 6],
      [3, 4, 7, 8],
    ]);
  });

  test("shares the memory with a single top", async () => {
    const bench = await runLayer(layer(), [[2, 3]]);
    expect(bench.tops[0]!.dataPointer).toBe(bench.bottoms[0]!.dataPointer);
  });

  test.each([
    ["slice_point: 1 slice_point: 2", 2, "2 point(s) for 2 top(s)"],
    ["slice_point: 2 slice_point: 1", 3, "slice_point must rise"],
    ["slice_point: 3", 2, "slice_point must rise from above 0 to below the size of the axis (3)"],
    ["slice_point: 1 slice_point: 2 slice_point: 3", 4, "slice axis: 1, bottom[0] shape: 2 3 (6)"],
    ["", 2, "Number of top blobs (2) should evenly divide input slice axis (3)"],
    ["axis: 2", 2, "axis 2 out of range"],
    ["slice_dim: 4", 3, "slice_dim out of range. It is 4"],
    ["axis: 1 slice_dim: 1", 3, "Either axis or slice_dim should be specified; not both."],
  ])("refuses { %s } with %d tops", async (param, tops, message) => {
    await expect(benchLayer(layer(param), [[2, 3]], { tops })).rejects.toThrow(message);
  });
});
