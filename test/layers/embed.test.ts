import { describe, expect, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { benchLayer, labels, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const filler = 'weight_filler { type: "gaussian" } bias_filler { type: "gaussian" }';
const layer = (param: string) => `type: "Embed" embed_param { ${param} }`;

describe("Embed", () => {
  test.each(["", "bias_term: false"])("has true gradients with { %s }", async (param) => {
    const text = layer(`num_output: 3 input_dim: 5 ${filler} ${param}`);
    await checkLayer(text, [{ shape: [4, 2], values: labels(5) }], { propagateDown: [false] });
  });

  test("looks up a row and adds the bias", async () => {
    const bench = await benchLayer(layer("num_output: 2 input_dim: 3"), [
      { shape: [2, 1], values: listed([2, 0]) },
    ]);
    bench.layer.blobs[0]!.set([1, 2, 3, 4, 5, 6]);
    bench.layer.blobs[1]!.set([10, 20]);
    bench.forward();
    expect(bench.tops[0]!.shape).toEqual([2, 1, 2]);
    expectClose(bench.tops[0]!.data, [15, 26, 11, 22]);
  });

  test.each([
    ["num_output: 2", "EmbedLayer input_dim must be positive."],
    ["input_dim: 2", "EmbedLayer num_output must be positive."],
  ])("refuses { %s }", async (param, message) => {
    await expect(benchLayer(layer(param), [[2]])).rejects.toThrow(message);
  });

  test("refuses an index outside the table, and a gradient for the indices", async () => {
    const text = layer("num_output: 2 input_dim: 3");
    await expect(runLayer(text, [{ shape: [1], values: () => 3 }])).rejects.toThrow(
      "index 3 is outside the table's 3 entries",
    );
    const bench = await runLayer(text, [{ shape: [1], values: () => 1 }]);
    expect(() => bench.backward()).toThrow("Can't backpropagate to EmbedLayer input.");
  });
});
