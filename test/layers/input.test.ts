import { describe, expect, test } from "vitest";
import { benchLayer } from "../support/bench-layer.ts";

const shapes = (tops: number, text: string) =>
  benchLayer(`type: "Input" ${text}`, [], { tops }).then((bench) =>
    bench.tops.map(({ shape }) => shape),
  );

describe("Input", () => {
  test("gives each top its shape", async () => {
    const text = "input_param { shape { dim: 2 dim: 3 } shape { dim: 4 } }";
    expect(await shapes(2, text)).toEqual([[2, 3], [4]]);
  });

  test("gives all tops the one shape", async () => {
    expect(await shapes(2, "input_param { shape { dim: 5 } }")).toEqual([[5], [5]]);
  });

  test("keeps the shape and the values that a caller gives a top", async () => {
    const bench = await benchLayer('type: "Input" input_param { shape { dim: 1 } }', []);
    bench.tops[0]!.reshape(2, 2);
    bench.tops[0]!.set([1, 2, 3, 4]);
    bench.reshape();
    bench.forward();
    expect(bench.tops[0]!.shape).toEqual([2, 2]);
    expect([...bench.tops[0]!.data]).toEqual([1, 2, 3, 4]);
  });

  test("refuses another number of shapes than tops", async () => {
    await expect(shapes(3, "input_param { shape { dim: 1 } shape { dim: 2 } }")).rejects.toThrow(
      "Must specify 'shape' once, once per top blob, or not at all: 3 tops vs. 2 shapes.",
    );
  });
});
