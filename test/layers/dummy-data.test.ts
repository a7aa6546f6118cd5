import { describe, expect, test } from "vitest";
import { runLayer } from "../support/bench-layer.ts";

const run = (param: string, tops = 1) =>
  runLayer(`type: "DummyData" dummy_data_param { ${param} }`, [], { tops });

describe("DummyData", () => {
  test("writes a constant once, so that a caller's values stay", async () => {
    const bench = await run("shape { dim: 3 } data_filler { value: 2 }");
    const top = bench.tops[0]!;
    expect([...top.data]).toEqual([2, 2, 2]);
    top.set([1, 2, 3]);
    bench.forward();
    expect([...top.data]).toEqual([1, 2, 3]);
  });

  test("draws other values anew in each forward pass", async () => {
    const bench = await run('shape { dim: 3 } data_filler { type: "gaussian" }');
    const first = [...bench.tops[0]!.data];
    bench.forward();
    expect([...bench.tops[0]!.data]).not.toEqual(first);
  });

  test("takes the old fields for the shape, each once or once a top", async () => {
    const { tops } = await run("num: 2 num: 3 channels: 4 height: 5 width: 6", 2);
    expect(tops.map(({ shape }) => shape)).toEqual([
      [2, 4, 5, 6],
      [3, 4, 5, 6],
    ]);
  });

  test("fills zeros without a filler", async () => {
    expect([...(await run("shape { dim: 2 }")).tops[0]!.data]).toEqual([0, 0]);
  });

  test.each([
    [
      "shape { dim: 1 } data_filler { } data_filler { }",
      "Number of data fillers must be 0, 1 or equal to the number of tops: 3; you specified 2",
    ],
    ["shape { dim: 1 } num: 1 channels: 1 height: 1 width: 1", "Both shape and legacy fields"],
    ["num: 1 num: 2 channels: 1 height: 1 width: 1", "Must specify 'num' once, or once per top"],
    ["", "Must specify 'shape' once, or once per top blob (3); specified 0."],
  ])("refuses { %s }", async (param, message) => {
    await expect(run(param, 3)).rejects.toThrow(message);
  });
});
