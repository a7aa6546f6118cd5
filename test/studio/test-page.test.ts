/** @file What the test page computes in the browser. */
import { describe, expect, test } from "vitest";
import { colorMap } from "../../src/job/color-map.ts";
import { overlay } from "../../src/job/overlay.ts";
import { marksOf, tileScale } from "../../src/studio/client/lib/layer-view.ts";
import {
  keepSettings,
  overlayDefaults,
  paletteOf,
  readSettings,
  slidersOf,
} from "../../src/studio/client/lib/overlay-settings.ts";
import {
  diceOf,
  downloadName,
  spotAfter,
  spotAt,
  spotText,
} from "../../src/studio/client/lib/test-result.ts";
import type { ShownArray, ShownLayer } from "../../src/studio/test-types.ts";

describe("the sliders", () => {
  const storage = (text: string | null) => ({ getItem: () => text });

  test("are kept from one visit to the next", () => {
    let kept = "";
    const changed = { ...overlayDefaults, opacity: 0.7, imageColors: "jet" } as const;
    keepSettings(changed, {
      setItem(_, value) {
        kept = value;
      },
    });
    expect(readSettings(storage(kept))).toEqual(changed);
  });

  test.each([null, "", "no JSON", "[]", "3", "null"])("begin at DIGITS' values: %j", (text) => {
    expect(readSettings(storage(text))).toEqual(overlayDefaults);
  });

  test("take no value that makes no sense", () => {
    const odd = { opacity: 7, gamma: "1", lineWidth: 2, imageColors: "pink", threshold: null };
    expect(readSettings(storage(JSON.stringify(odd)))).toEqual({
      ...overlayDefaults,
      lineWidth: 2,
    });
  });

  test("still move where the browser keeps nothing", () => {
    const full = () => {
      throw new Error("quota");
    };
    expect(() => keepSettings(overlayDefaults, { setItem: full })).not.toThrow();
  });
});

describe("the colours of classes", () => {
  const dataset = [
    [0, 0, 0],
    [10, 20, 30],
  ] as const;

  test("are white for the one of two, the dataset's, or distinct; the rest has PASCAL VOC's", () => {
    expect(paletteOf({ classColors: "plain" }, 2, dataset)[1]).toEqual([255, 255, 255]);
    expect(paletteOf({ classColors: "dataset" }, 3, dataset).slice(1)).toEqual([
      [10, 20, 30],
      [0, 128, 0],
    ]);
    const distinct = paletteOf({ classColors: "distinct" }, 12, []);
    expect(new Set(distinct.map(String)).size).toBe(12);
  });

  test("are what is drawn, and the image has its colour map and its gamma", () => {
    const image = { width: 3, height: 1, channels: 1, pixels: Uint8Array.of(0, 64, 255) } as const;
    const map = { width: 3, height: 1, classes: Uint8Array.of(0, 0, 1) };
    const settings = { ...overlayDefaults, classColors: "dataset", imageColors: "jet" } as const;
    const drawn = overlay(image, map, { classCount: 2, ...slidersOf(settings, 2, dataset) });
    const jet = colorMap("jet");
    expect([...drawn.pixels]).toEqual([...jet[0]!, ...jet[64]!, 10, 20, 30]);
    const bright = { ...overlayDefaults, gamma: 0.5 };
    const gray = overlay(image, map, { classCount: 2, ...slidersOf(bright, 2, []) });
    expect(gray.pixels[3]).toBe(Math.round(255 * Math.sqrt(64 / 255)));
  });

  test("map the mean of a colour image, too", () => {
    const pixels = Uint8Array.of(30, 60, 90);
    const image = { width: 1, height: 1, channels: 3, pixels } as const;
    const map = { width: 1, height: 1, classes: Uint8Array.of(0) };
    const jet = colorMap("jet");
    const drawn = overlay(image, map, { classCount: 2, imageColors: jet });
    expect([...drawn.pixels]).toEqual(jet[60]);
  });
});

describe("the pointer", () => {
  const size = { width: 4, height: 2 };
  const box = { left: 10, top: 20, width: 400, height: 200 };

  test("is above the pixel that is drawn there, or beside the image", () => {
    expect(spotAt({ x: 10, y: 20 }, box, size)).toEqual({ x: 0, y: 0 });
    expect(spotAt({ x: 409, y: 219 }, box, size)).toEqual({ x: 3, y: 1 });
    expect(spotAt({ x: 410, y: 100 }, box, size)).toBeUndefined();
    expect(spotAt({ x: 9, y: 100 }, box, size)).toBeUndefined();
  });

  test("is moved by keys, faster with shift, and stays inside", () => {
    expect(spotAfter("ArrowRight", false, undefined, size)).toEqual({ x: 3, y: 1 });
    expect(spotAfter("ArrowLeft", true, { x: 3, y: 1 }, size)).toEqual({ x: 0, y: 1 });
    expect(spotAfter("ArrowUp", false, { x: 0, y: 0 }, size)).toEqual({ x: 0, y: 0 });
    expect(spotAfter("Tab", false, { x: 0, y: 0 }, size)).toBeUndefined();
  });

  test("tells class and coordinates, and the truth where it is another", () => {
    const maps = { classes: Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0), label: new Uint8Array(8) };
    const name = (index: number) => ["background", "left ventricle"][index]!;
    expect(spotText({ x: 1, y: 0 }, size, maps, name)).toBe(
      "left ventricle at 1, 0, ground truth background",
    );
    expect(spotText({ x: 2, y: 1 }, size, maps, name)).toBe("background at 2, 1");
    expect(spotText({ x: 1, y: 0 }, size, { ...maps, label: undefined }, name)).toBe(
      "left ventricle at 1, 0",
    );
  });
});

test("Dice needs a label", () => {
  const scores = [{ class: 1, predicted: 3, labelled: 3, dice: 0.5 }];
  expect(diceOf({ label: "AA==", scores })).toBe(0.5);
  expect(diceOf({ scores })).toBeUndefined();
});

test("downloads have plain names", () => {
  expect(downloadName("unet", "SC-HF-I-1, slice 59", "mask.png")).toBe(
    "unet-SC-HF-I-1-slice-59-mask.png",
  );
  expect(downloadName("unet", "../../<b>.dcm", "overlay.png")).toBe("unet-..-..-b-overlay.png");
  expect(downloadName("unet", "", "mask.png")).toBe("unet-image-mask.png");
});

describe("marks on layers", () => {
  const array = (change: Partial<ShownArray["statistics"]>, dead = 0): ShownArray => ({
    shape: [1, 4, 2, 2],
    statistics: { count: 16, mean: 0, std: 1, min: -1, max: 1, histogram: [], odd: 0, ...change },
    dead: { count: dead, of: 4 },
  });
  const zero = { min: 0, max: 0 };
  const layer = (weights: ShownArray | undefined, activation: ShownArray): ShownLayer => ({
    ...{ name: "conv1", type: "Convolution", parameters: 4, weights },
    activations: [{ ...activation, blob: "conv1", changedBy: [] }],
  });

  test("are none where a layer works", () => {
    expect(marksOf(layer(array({}), array({})))).toEqual([]);
    expect(marksOf(layer(undefined, array({})))).toEqual([]);
  });

  test("tell dead weights and dead activations", () => {
    expect(marksOf(layer(array(zero, 4), array(zero, 4)))).toEqual([
      { text: "all weights are 0", isDead: true },
      { text: "never active: conv1 is 0 everywhere", isDead: true },
    ]);
  });

  test("tell filters and channels that do nothing, constants, and what is no number", () => {
    expect(marksOf(layer(array({}, 1), array({}, 3))).map(({ text }) => text)).toEqual([
      "1 of 4 filters are 0",
      "3 of 4 channels are not active here",
    ]);
    expect(marksOf(layer(array({}), array({ min: 2, max: 2 })))[0]!.text).toBe(
      "conv1 is the same everywhere",
    );
    expect(marksOf(layer(array({ odd: 2, ...zero }), array({})))[0]!.text).toBe(
      "weights: 2 values are NaN or infinite",
    );
  });

  test("tiles are enlarged by whole numbers", () => {
    expect(tileScale({ width: 5, height: 3 })).toBe(12);
    expect(tileScale({ width: 100, height: 50 })).toBe(3);
    expect(tileScale({ width: 700, height: 300 })).toBe(1);
  });
});
