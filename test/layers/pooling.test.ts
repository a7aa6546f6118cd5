import { describe, expect, test } from "vitest";
import { benchLayer, listed } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param: string) => `type: "Pooling" pooling_param { ${param} }`;

/** Values that are far apart, in a scrambled order: a step of the check changes no maximum. */
const scrambled = (shape: readonly number[]) => ({
  shape,
  values: listed(Array.from({ length: 257 }, (_, i) => ((i * 73) % 257) / 20 - 6)),
});

describe("Pooling", () => {
  const windows: readonly [string, string, readonly number[]][] = [
    ["overlapping windows", "kernel_size: 3 stride: 2", [2, 2, 7, 7]],
    ["a last window that is cut", "kernel_size: 3 stride: 2", [1, 2, 6, 8]],
    ["padding", "kernel_size: 3 stride: 2 pad: 1", [1, 2, 6, 7]],
    ["stride 1", "kernel_size: 2", [1, 1, 5, 9]],
    ["stride 3", "kernel_size: 2 stride: 3", [1, 1, 8, 11]],
    [
      "unequal axes",
      "kernel_h: 3 kernel_w: 2 stride_h: 1 stride_w: 2 pad_h: 1 pad_w: 0",
      [1, 2, 4, 9],
    ],
    ["the whole image", "global_pooling: true", [2, 3, 4, 3]],
    ["sizes rounded down", "kernel_size: 3 stride: 2 round_mode: FLOOR", [1, 1, 6, 8]],
  ];

  test.each(windows)(
    "takes the maximum, with its gradient, over %s",
    async (_name, param, shape) => {
      await checkLayer(layer(`pool: MAX ${param}`), [scrambled(shape)]);
    },
  );

  test.each(windows)(
    "takes the average, with its gradient, over %s",
    async (_name, param, shape) => {
      await checkLayer(layer(`pool: AVE ${param}`), [shape]);
    },
  );

  test("rounds the pooled size up and clips it only where there is padding", async () => {
    const shapeOf = async (param: string) => {
      const bench = await benchLayer(layer(param), [[1, 1, 7, 7]]);
      const { shape } = bench.tops[0]!;
      bench.dispose();
      return shape;
    };
    expect(await shapeOf("kernel_size: 2 stride: 2")).toEqual([1, 1, 4, 4]);
    expect(await shapeOf("kernel_size: 2 stride: 2 round_mode: FLOOR")).toEqual([1, 1, 3, 3]);
    expect(await shapeOf("kernel_size: 2 stride: 2 ceil_mode: false")).toEqual([1, 1, 3, 3]);
    expect(await shapeOf("kernel_size: 2 stride: 2 ceil_mode: true")).toEqual([1, 1, 4, 4]);
    expect(await shapeOf("kernel_size: 2 stride: 5")).toEqual([1, 1, 2, 2]);
    expect(await shapeOf("kernel_size: 2 stride: 8 pad: 1")).toEqual([1, 1, 1, 1]);
  });

  test("gives an empty window the lowest float, mask -1 and no gradient", async () => {
    const bench = await benchLayer(layer("kernel_size: 1 stride: 4"), [[1, 1, 1, 6]], { tops: 2 });
    bench.bottoms[0]!.data.set([1, 2, 3, 4, 5, 6]);
    bench.forward();
    expect([...bench.tops[0]!.data]).toEqual([1, 5, -(2 - 2 ** -23) * 2 ** 127]);
    expect([...bench.tops[1]!.data]).toEqual([0, 4, -1]);
    bench.tops[0]!.diff.fill(1);
    bench.backward();
    expect([...bench.bottoms[0]!.diff]).toEqual([1, 0, 0, 0, 1, 0]);
    bench.dispose();
  });

  test("divides by the area of an empty window: NaN where it has none, no gradient", async () => {
    const average = async (size: number) => {
      const bench = await benchLayer(layer("pool: AVE kernel_size: 1 stride: 4"), [
        [1, 1, 1, size],
      ]);
      bench.bottoms[0]!.data.fill(2);
      bench.forward();
      bench.tops[0]!.diff.fill(1);
      bench.backward();
      const found = [[...bench.tops[0]!.data], [...bench.bottoms[0]!.diff]];
      bench.dispose();
      return found;
    };
    // Its area is -2 behind six columns, and 0 behind four.
    expect(await average(6)).toEqual([
      [2, 2, -0],
      [1, 0, 0, 0, 1, 0],
    ]);
    expect(await average(4)).toEqual([
      [2, Number.NaN],
      [1, 0, 0, 0],
    ]);
  });

  test("takes the first of equal maxima, row by row", async () => {
    const bench = await benchLayer(layer("kernel_size: 3 stride: 2"), [[1, 1, 5, 9]], { tops: 2 });
    bench.bottoms[0]!.data.fill(2);
    bench.forward();
    expect([...bench.tops[1]!.data]).toEqual([0, 2, 4, 6, 18, 20, 22, 24]);
    bench.dispose();
  });

  test.each([
    ["", "Filter size is kernel_size OR kernel_h and kernel_w; not both"],
    ["kernel_h: 2", "Filter size is kernel_size OR kernel_h and kernel_w; not both"],
    ["kernel_size: 0", "Filter dimensions cannot be zero."],
    ["kernel_size: 2 stride: 0", "Stride dimensions cannot be zero."],
    ["kernel_size: 2 pad: 1 pad_h: 1 pad_w: 1", "pad is pad OR pad_h and pad_w are required."],
    ["kernel_size: 2 pad: 2", "pad_h (2) must be less than kernel_h (2)"],
    [
      "global_pooling: true kernel_size: 2",
      "With Global_pooling: true Filter size cannot specified",
    ],
    ["global_pooling: true stride: 2", "With Global_pooling: true; only pad = 0 and stride = 1"],
    ["pool: STOCHASTIC kernel_size: 2", "Not Implemented Yet"],
    [
      "pool: STOCHASTIC kernel_size: 2 pad: 1",
      "Padding implemented only for average and max pooling.",
    ],
    [
      "kernel_size: 2 stride: 2 stride_h: 2 stride_w: 2",
      "Stride is stride OR stride_h and stride_w are required.",
    ],
  ])("refuses { %s }", async (param, problem) => {
    await expect(benchLayer(layer(param), [[1, 1, 4, 4]])).rejects.toThrow(problem);
  });

  test("refuses a bottom without four axes", async () => {
    await expect(benchLayer(layer("kernel_size: 2"), [[1, 4, 4]])).rejects.toThrow(
      "Input must have 4 axes, corresponding to (num, channels, height, width)",
    );
  });
});
