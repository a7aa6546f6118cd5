import { describe, expect, test } from "vitest";
import { runLayer } from "../support/bench-layer.ts";

describe("Parameter", () => {
  test("offers its blob as its top, values and gradient", async () => {
    const text = 'type: "Parameter" parameter_param { shape { dim: 2 dim: 3 } }';
    const { layer, tops } = await runLayer(text, []);
    const [blob] = layer.blobs;
    expect(tops[0]!.shape).toEqual([2, 3]);
    expect([...tops[0]!.data]).toEqual([0, 0, 0, 0, 0, 0]);
    blob!.data[4] = 7;
    tops[0]!.diff[1] = 5;
    expect(tops[0]!.data[4]).toBe(7);
    expect(blob!.diff[1]).toBe(5);
  });
});
