import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/core/random.ts";
import { expectClose } from "../support/allclose.ts";
import { SEED, benchLayer, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const ones = (n: number) => [{ shape: [n], values: () => 1 }];

describe("Dropout", () => {
  test.each(["TRAIN", "TEST"] as const)("has a true gradient in phase %s", async (phase) => {
    const text = 'type: "Dropout" dropout_param { dropout_ratio: 0.4 }';
    await checkLayer(text, [[2, 3, 6, 5]], { phase });
    await checkLayer(text, [[2, 3, 6, 5]], { phase, inPlace: true });
  });

  test("zeroes the asked part and scales the rest while training", async () => {
    const bench = await runLayer(
      'type: "Dropout" dropout_param { dropout_ratio: 0.75 }',
      ones(4000),
    );
    const y = bench.tops[0]!.data;
    expect(new Set(y)).toEqual(new Set([0, 4]));
    expect(y.filter((v) => v === 0).length / y.length).toBeCloseTo(0.75, 1);
  });

  test("draws its mask as Caffe, one draw a value in order, anew in each pass", async () => {
    const bench = await benchLayer('type: "Dropout"', ones(50));
    bench.random.restore(createRandom(SEED).state());
    const random = createRandom(SEED);
    for (let pass = 0; pass < 2; pass++) {
      bench.forward();
      const expected = Array.from({ length: 50 }, () => (random.bernoulli(0.5) ? 2 : 0));
      expectClose(bench.tops[0]!.data, expected);
    }
  });

  test("copies in the TEST phase", async () => {
    const bench = await runLayer('type: "Dropout"', [[3, 4]], { phase: "TEST" });
    expect(bench.tops[0]!.data).toEqual(bench.bottoms[0]!.data);
  });

  test("scales when testing instead of training with scale_train: false", async () => {
    const text = 'type: "Dropout" dropout_param { dropout_ratio: 0.75 scale_train: false }';
    const training = await runLayer(text, ones(100));
    expect(new Set(training.tops[0]!.data)).toEqual(new Set([0, 1]));
    const testing = await runLayer(text, ones(100), { phase: "TEST" });
    expect(new Set(testing.tops[0]!.data)).toEqual(new Set([0.25]));
    for (const phase of ["TRAIN", "TEST"] as const) {
      await checkLayer(text, [[2, 3, 6, 5]], { phase });
      await checkLayer(text, [[2, 3, 6, 5]], { phase, inPlace: true });
    }
  });

  test("keeps everything with a ratio of 0, as Caffe's release builds", async () => {
    const bench = await runLayer('type: "Dropout" dropout_param { dropout_ratio: 0 }', [[3, 4]]);
    expect(bench.tops[0]!.data).toEqual(bench.bottoms[0]!.data);
  });

  test.each([1, -0.5])("refuses a ratio of %d", async (ratio) => {
    const text = `type: "Dropout" dropout_param { dropout_ratio: ${ratio} }`;
    await expect(benchLayer(text, [[2]])).rejects.toThrow(
      `bench.prototxt:1:55: layer "bench" (Dropout): dropout_ratio must be at least 0 and less than 1, not ${ratio}`,
    );
  });
});
