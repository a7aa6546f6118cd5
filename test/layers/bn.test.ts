import { describe, expect, test } from "vitest";
import { expectClose } from "../support/allclose.ts";
import { type Bench, benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param = "") => `type: "BN" bn_param { ${param} }`;
const uniform = (name: string) => `${name} { type: "uniform" min: 0.5 max: 2 }`;
const PSPNET = `${uniform("slope_filler")} ${uniform("bias_filler")}`;
const SEGNET = `${uniform("scale_filler")} ${uniform("shift_filler")}`;

/** Two channels of four values: means 2 and 20, variances 5 and 500. */
const specs = [{ shape: [2, 2, 1, 2], values: listed([-1, 1, -10, 10, 3, 5, 30, 50]) }] as const;

function setBlobs({ layer }: Bench, ...values: readonly (readonly number[])[]): void {
  values.forEach((numbers, i) => {
    layer.blobs[i]!.set(numbers);
  });
}

describe("BN", () => {
  test.each([PSPNET, `${PSPNET} eps: 0.1 momentum: 0.5`, SEGNET, `${SEGNET} bn_mode: INFERENCE`])(
    "has a true gradient while training with { %s }",
    async (param) => {
      for (const inPlace of [false, true]) {
        // The averages are blobs too, but no gradient flows to them while training.
        const definition = withoutAverages(
          (await benchLayer(layer(param), [[3, 2, 2, 3]])).definition,
        );
        await checkLayer(layer(param), [[3, 2, 2, 3]], { inPlace, definition });
        await checkLayer(layer(param), [[4, 3]], { inPlace, definition });
      }
    },
  );

  test("normalises by the batch while training, and updates the averages", async () => {
    const bench = await benchLayer(layer("momentum: 0.75"), specs);
    setBlobs(bench, [1, 2], [0, 1], [4, 4], [1, 2]);
    bench.forward();
    const z = (x: number) => x / Math.sqrt(5);
    const y = [z(-3), z(-1), 2 * z(-3) + 1, 2 * z(-1) + 1, z(1), z(3), 2 * z(1) + 1, 2 * z(3) + 1];
    expectClose(bench.tops[0]!.data, y);
    expectClose(bench.layer.blobs[2]!.data, [0.75 * 4 + 0.25 * 2, 0.75 * 4 + 0.25 * 20]);
    expectClose(bench.layer.blobs[3]!.data, [0.75 * 1 + 0.25 * 5, 0.75 * 2 + 0.25 * 500]);
  });

  test.each([
    ["when testing", "eps: 0", "TEST"],
    ["with frozen", "eps: 0 frozen: true", "TRAIN"],
  ] as const)("uses and keeps the averages %s", async (_, param, phase) => {
    for (const inPlace of [false, true]) {
      const bench = await benchLayer(layer(param), specs, { phase, inPlace });
      setBlobs(bench, [1, 2], [0, 1], [1, 10], [4, 100]);
      bench.forward();
      expectClose(bench.tops[0]!.data, [-1, 0, -3, 1, 1, 2, 5, 9]);
      expect([...bench.layer.blobs[2]!.data]).toEqual([1, 10]);
      bench.tops[0]!.diff.fill(1);
      bench.backward();
      expectClose(bench.bottoms[0]!.diff, [0.5, 0.5, 0.2, 0.2, 0.5, 0.5, 0.2, 0.2]);
      const slopes = param.includes("frozen") ? [0, 0] : [2, 4];
      expectClose(bench.layer.blobs[0]!.diff, slopes);
    }
  });

  test("starts with averages of 0 and 0, or 1 with frozen", async () => {
    const open = await benchLayer(layer(), specs);
    expect(open.layer.blobs.map(({ shape }) => shape)).toEqual(Array(4).fill([1, 2, 1, 1]));
    expect([...open.layer.blobs[3]!.data]).toEqual([0, 0]);
    const frozen = await benchLayer(layer("frozen: true"), specs);
    expect([...frozen.layer.blobs[3]!.data]).toEqual([1, 1]);
  });

  test("of SegNet has two blobs, and normalises by the batch when testing too", async () => {
    const text = layer('scale_filler { value: 1 } shift_filler { type: "constant" value: 0.5 }');
    const bench = await runLayer(text, specs, { phase: "TEST" });
    expect(bench.layer.blobs).toHaveLength(2);
    const y = [-3, -1, -3, -1, 1, 3, 1, 3].map((x) => x / Math.sqrt(5) + 0.5);
    expectClose(bench.tops[0]!.data, y);
  });

  test("of SegNet only scales and shifts in INFERENCE mode", async () => {
    const bench = await benchLayer(layer("bn_mode: INFERENCE"), specs);
    setBlobs(bench, [2, 3], [1, -1]);
    bench.forward();
    expect([...bench.tops[0]!.data]).toEqual([-1, 3, -31, 29, 7, 11, 89, 149]);
  });

  test("refuses a bottom without channels, and another number of them", async () => {
    await expect(benchLayer(layer(), [[3]])).rejects.toThrow(
      "the bottom needs at least two axes (N, C, ...), not 1",
    );
    const bench = await benchLayer(layer(), [[2, 3]]);
    bench.bottoms[0]!.reshape(2, 4);
    expect(() => bench.reshape()).toThrow("the bottom now has 4 channels; it was set up for 3");
  });
});

/** The definition with only the blobs that learn. */
function withoutAverages(definition: Bench["definition"]): Bench["definition"] {
  return {
    ...definition,
    async setUp(context) {
      const built = await definition.setUp(context);
      return Object.assign(built, { blobs: built.blobs.slice(0, 2) });
    },
  };
}
