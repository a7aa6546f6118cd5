import { describe, expect, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { type BottomSpec, benchLayer, between, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";
import { hasPythonModule, runPython } from "../support/python.ts";

const layer = (param = "") => `type: "SmoothL1Loss" ${param}`;
const shape = [2, 3, 2, 2];
const weights = { shape, values: between(0.2, 1.5) };

describe("SmoothL1Loss", () => {
  test.each<[number, string]>([
    [2, ""],
    [2, "smooth_l1_loss_param { sigma: 3 }"],
    [3, ""],
    [4, "smooth_l1_loss_param { sigma: 2 }"],
    [4, "loss_param { normalization: BATCH_SIZE }"],
  ])("has a true gradient with %i bottoms and { %s }", async (bottoms, param) => {
    // The distances keep away from where the pieces meet: their slopes change there.
    const specs: BottomSpec[] = [
      { shape, values: listed([-3, -0.05, 0.02, 0.6, 2.4]) },
      { shape, values: () => 0 },
      { shape, values: listed([1, 0.5]) },
      weights,
    ].slice(0, bottoms);
    const propagateDown = [true, true, false, false].slice(0, bottoms);
    await checkLayer(layer(param), specs, { propagateDown });
  });

  test("is quadratic below 1 / sigma^2 and linear from there", async () => {
    const run = async (sigma: number) => {
      const bench = await runLayer(layer(`smooth_l1_loss_param { sigma: ${sigma} }`), [
        { shape: [1, 1], values: listed([0.5]) },
        { shape: [1, 1], values: () => 0 },
      ]);
      return bench.tops[0]!.data[0];
    };
    expect(await run(1)).toBe(0.125);
    expect(await run(2)).toBe(0.5 - 0.5 / 4);
  });

  // Twelve places of 2 items, each at a distance of 2: 1.5.
  test.each([
    ["", 18 / 2],
    ["loss_param { normalization: BATCH_SIZE }", 18 / 2],
    ["loss_param { normalization: VALID }", 18 / 6],
    ["loss_param { normalize: true }", 18 / 6],
    ["loss_param { normalization: NONE }", 18],
  ])("divides by the items, or as { %s } says", async (param, loss) => {
    const bench = await runLayer(layer(param), [
      { shape: [2, 2, 3, 1], values: () => 2 },
      { shape: [2, 2, 3, 1], values: () => 0 },
    ]);
    expect(bench.tops[0]!.data[0]).toBe(loss);
  });

  test("gives the weights a gradient of 0", async () => {
    const bench = await runLayer(layer(), [shape, shape, weights, weights]);
    bench.bottoms[2]!.diff.fill(5);
    bench.backward();
    expect([...bench.bottoms[2]!.diff].every((d) => d === 0)).toBe(true);
    expect(bench.definition.allowForceBackward!(1)).toBe(true);
    expect(bench.definition.allowForceBackward!(2)).toBe(false);
  });

  test.skipIf(!hasPythonModule("numpy"))("agrees with numpy (needs numpy)", async () => {
    const specs = [shape, shape, weights, weights];
    const bench = await runLayer(layer("smooth_l1_loss_param { sigma: 1.5 }"), specs);
    bench.tops[0]!.diff[0] = 2;
    bench.backward();
    const [a, b, v, w] = bench.bottoms.map(({ data }) => [...data]);
    const script = `import json, sys, numpy
i = json.load(sys.stdin)
a, b, v, w = (numpy.array(i[k]) for k in "abvw")
d, s2 = v * (a - b), 1.5 ** 2
small = numpy.abs(d) < 1 / s2
f = numpy.where(small, s2 * d * d / 2, numpy.abs(d) - 0.5 / s2)
g = numpy.where(small, s2 * d, numpy.sign(d)) * v * w
print(json.dumps([(w * f).sum() / 2, g.tolist()]))`;
    const [loss, gradient] = runPython(script, { a, b, v, w }) as [number, number[]];
    expectClose(bench.tops[0]!.data, [loss]);
    expectClose(bench.bottoms[0]!.diff, gradient);
    expectClose(
      bench.bottoms[1]!.diff,
      gradient.map((d) => -d),
    );
  });

  test("refuses bottoms of different shapes", async () => {
    const other = [2, 3, 2, 3];
    await expect(benchLayer(layer(), [shape, shape, other])).rejects.toThrow(
      "bottom[0]: 2 3 2 2 (24), bottom[2]: 2 3 2 3 (36); all bottoms need the same shape",
    );
  });
});
