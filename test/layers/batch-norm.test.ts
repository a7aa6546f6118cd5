import { describe, expect, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkGradient } from "../support/check-layer.ts";

const layer = (param = "") => `type: "BatchNorm" batch_norm_param { ${param} }`;

describe("BatchNorm", () => {
  test("normalises each channel to mean 0 and variance 1", async () => {
    const bench = await runLayer(layer(), [[5, 2, 3, 4]]);
    const y = bench.tops[0]!.data;
    for (let c = 0; c < 2; c++) {
      const channel = y.filter((_, i) => Math.floor(i / 12) % 2 === c);
      const mean = channel.reduce((sum, v) => sum + v, 0) / channel.length;
      expect(mean).toBeCloseTo(0, 5);
      const variance = channel.reduce((sum, v) => sum + (v - mean) ** 2, 0) / channel.length;
      expect(variance).toBeCloseTo(1, 3);
    }
  });

  test.each([false, true])("has a true bottom gradient, in place: %s", async (inPlace) => {
    const bench = await benchLayer(layer(), [[4, 3, 2, 3]], { inPlace });
    bench.layer.blobs.forEach((blob) => {
      blob.data.fill(1);
    });
    // The statistics are blobs that get no gradient: the checker must not ask for one.
    checkGradient({ ...bench, layer: { ...bench.layer, blobs: [] } });
  });

  test("has a true bottom gradient with global statistics", async () => {
    const bench = await benchLayer(layer("use_global_stats: true"), [[2, 3, 4]]);
    bench.layer.blobs[0]!.set([1, -1, 2]);
    bench.layer.blobs[1]!.set([4, 1, 9]);
    bench.layer.blobs[2]!.set([2]);
    checkGradient({ ...bench, layer: { ...bench.layer, blobs: [] } });
  });

  // Channel values 1, 3: mean 2, biased variance 1, unbiased 2.
  test("adds mean and unbiased variance to its moving averages", async () => {
    const specs = [{ shape: [2, 1], values: listed([1, 3]) }];
    const bench = await runLayer(layer("moving_average_fraction: 0.5 eps: 0"), specs);
    const read = () => bench.layer.blobs.map(({ data }) => data[0]);
    expect(read()).toEqual([2, 2, 1]);
    bench.forward();
    expect(read()).toEqual([3, 3, 1.5]);
    expectClose(bench.tops[0]!.data, [-1, 1]);
  });

  // mean 4 / 2, variance 18 / 2
  test("divides its averages by their factor in the TEST phase", async () => {
    const bench = await benchLayer(layer("eps: 0"), [{ shape: [1, 1], values: () => 5 }], {
      phase: "TEST",
    });
    [4, 18, 2].forEach((value, i) => {
      bench.layer.blobs[i]!.set([value]);
    });
    bench.forward();
    expectClose(bench.tops[0]!.data, [1]);
    expect(bench.layer.blobs[2]!.data[0]).toBe(2);
  });

  test("takes mean and variance as 0 where the factor is 0", async () => {
    const bench = await runLayer(layer("eps: 0.25"), [{ shape: [1, 1], values: () => 5 }], {
      phase: "TEST",
    });
    expectClose(bench.tops[0]!.data, [10]);
  });

  test("tells the solver to leave its blobs alone", async () => {
    const { definition } = await benchLayer(layer(), [[2, 3]]);
    expect(definition.tops.max).toBe(1);
    await expect(benchLayer(`${layer()} param { lr_mult: 1 }`, [[2, 3]])).rejects.toThrow(
      "Cannot configure batch normalization statistics as layer parameters.",
    );
    await benchLayer(`${layer()} param { lr_mult: 0 }`, [[2, 3]]);
  });

  test("refuses a bottom without channels", async () => {
    await expect(benchLayer(layer(), [[2]])).rejects.toThrow("needs at least two axes");
  });

  test("refuses a change of the number of channels", async () => {
    const bench = await benchLayer(layer(), [[2, 3]]);
    bench.bottoms[0]!.reshape(2, 4);
    expect(() => bench.reshape()).toThrow("the bottom now has 4 channels; it was set up for 3");
  });

  test("follows its bottom to another size", async () => {
    const bench = await runLayer(layer(), [[2, 3]]);
    bench.bottoms[0]!.reshape(5, 3, 2);
    bench.bottoms[0]!.data.fill(2);
    bench.reshape();
    bench.forward();
    expect([...bench.tops[0]!.data]).toEqual(new Array(30).fill(0));
  });
});
