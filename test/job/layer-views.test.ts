import { decode } from "fast-png";
import { Net, parsePrototxt } from "cortado";
import { describe, expect, onTestFinished, test } from "vitest";
import { deadChannels, statisticsOf } from "../../src/job/array-statistics.ts";
import { colorMap } from "../../src/job/color-map.ts";
import { tilesOf } from "../../src/job/layer-tiles.ts";
import { layerViews } from "../../src/job/layer-views.ts";

describe("statistics of an array", () => {
  test("are mean, spread and twenty bins from the smallest to the largest value", () => {
    const found = statisticsOf(Float32Array.from({ length: 40 }, (_, i) => i));
    expect(found).toMatchObject({ count: 40, mean: 19.5, min: 0, max: 39, odd: 0 });
    expect(found.std).toBeCloseTo(Math.sqrt((40 ** 2 - 1) / 12));
    expect(found.histogram).toEqual(new Array(20).fill(2));
  });

  test("leave out what is no number, and count it", () => {
    const odd = Float32Array.of(1, Number.NaN, 3, Number.POSITIVE_INFINITY);
    expect(statisticsOf(odd)).toMatchObject({ mean: 2, min: 1, max: 3, odd: 2, count: 4 });
    expect(statisticsOf(Float32Array.of(Number.NaN))).toMatchObject({ min: 0, max: 0, odd: 1 });
    expect(statisticsOf(new Float32Array())).toMatchObject({ count: 0, mean: 0 });
  });

  test("put equal values into one bin", () => {
    expect(statisticsOf(new Float32Array(5).fill(7)).histogram[0]).toBe(5);
  });

  test("tell which channels hold nothing but zeros, over all images", () => {
    const values = Float32Array.of(0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2);
    expect(deadChannels(values, [2, 3, 2], 1)).toEqual({ count: 1, of: 3 });
    expect(deadChannels(values, [6, 2], 0)).toEqual({ count: 4, of: 6 });
    expect(deadChannels(Float32Array.of(0), [1], 1)).toEqual({ count: 0, of: 0 });
  });
});

describe("tiles", () => {
  const palette = (png: Uint8Array) => {
    const { data, palette: colors, width, height } = decode(png);
    const all = Array.from(data as Uint8Array, (index) => colors![index]!.slice(0, 3));
    return Array.from({ length: height }, (_, y) => all.slice(y * width, (y + 1) * width));
  };

  test("of weights are white at zero, however far it goes to either side", () => {
    const png = tilesOf(Float32Array.of(-1, 0, 0.5, 4), [1, 1, 2, 2], "weights")!.png;
    const [[, zero], [, largest]] = palette(png) as [number[][], number[][]];
    expect(zero).toEqual([247, 247, 247]);
    expect(largest).toEqual(colorMap("twoSided").at(-1));
  });

  test("lie side by side, gray between them, and those of a channel are dark to bright", () => {
    const values = Float32Array.of(0, 0, 0, 0, 9, 9, 9, 9);
    const tiles = tilesOf(values, [1, 2, 2, 2], "activation")!;
    expect(tiles).toMatchObject({ width: 5, height: 2, shown: 2, of: 2 });
    const [row] = palette(tiles.png);
    const [dark, bright] = [colorMap("steps")[0], colorMap("steps").at(-1)];
    expect(row).toEqual([dark, dark, [128, 128, 128], bright, bright]);
  });

  test("are colours where filters have three inputs, red last in Caffe's order", () => {
    const blueGreenRed = Float32Array.of(0, 0, 0, 1, 5, 5);
    const { data, channels } = decode(tilesOf(blueGreenRed, [1, 3, 1, 2], "weights")!.png);
    expect(channels).toBe(3);
    expect([...data]).toEqual([255, 0, 0, 255, 51, 0]);
  });

  test("are one picture for a matrix, a row an output", () => {
    const tiles = tilesOf(new Float32Array(6), [2, 3, 1, 1], "weights");
    expect(tiles).toMatchObject({ width: 3, height: 2, shown: 1, of: 1 });
    expect(tilesOf(new Float32Array(6), [2, 3], "weights")).toMatchObject({ width: 3, height: 2 });
  });

  test("are limited in number and size, and averages where they are made smaller", () => {
    const many = tilesOf(new Float32Array(200 * 9), [20, 10, 3, 3], "weights");
    expect(many).toMatchObject({ shown: 64, of: 200 });
    const image = Float32Array.from({ length: 512 * 512 }, (_, i) => i % 2);
    const large = tilesOf(image, [1, 1, 512, 512], "input")!;
    expect(large.width).toBeLessThanOrEqual(128);
    expect(new Set(palette(large.png).flat().map(String)).size).toBe(1);
  });

  test("are none for numbers in a row", () => {
    expect(tilesOf(new Float32Array(10), [1, 10], "activation")).toBeUndefined();
    expect(tilesOf(new Float32Array(10), [10], "weights")).toBeUndefined();
  });
});

test("every layer is looked at once, with what later layers made of its blob", async () => {
  const text = `
    input: "data" input_shape { dim: 1 dim: 1 dim: 4 dim: 4 }
    layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
      convolution_param { num_output: 3 kernel_size: 3 weight_filler { type: "xavier" } bias_filler { value: -100 } } }
    layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
    layer { name: "a" type: "Convolution" bottom: "conv" top: "a" convolution_param { num_output: 1 kernel_size: 1 } }
    layer { name: "b" type: "Power" bottom: "conv" top: "b" power_param { shift: 1 } }`;
  const net = await Net.load(parsePrototxt(text, { message: "NetParameter" }), { threads: 1 });
  onTestFinished(() => net.dispose());
  await net.forward({ data: new Float32Array(16).fill(1) });
  const views = await layerViews(net);
  expect(views.map(({ name }) => name)).toEqual(["input", "conv", "a", "b"]);
  const [, conv, a, b] = views;
  expect(conv).toMatchObject({ type: "Convolution", parameters: 3 * 9 + 3 });
  expect(conv!.weights!.dead).toEqual({ count: 0, of: 3 });
  // The bias keeps the ReLU shut.
  expect(conv!.activations[0]).toMatchObject({ blob: "conv", changedBy: ["relu"] });
  expect(conv!.activations[0]!.dead).toEqual({ count: 3, of: 3 });
  expect(a!.weights!.statistics).toMatchObject({ min: 0, max: 0 });
  expect(b!.activations[0]!.statistics).toMatchObject({ min: 1, max: 1, mean: 1 });
});
