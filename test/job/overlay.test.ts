import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { argmaxMap, scoreClasses } from "../../src/job/class-map.ts";
import { signedDistance } from "../../src/job/distance.ts";
import { outlined, overlay } from "../../src/job/overlay.ts";
import { classPalette } from "../../src/job/palette.ts";

/** A map from rows of digits. */
function map(...rows: string[]) {
  const classes = Uint8Array.from(rows.join(""), Number);
  return { width: rows[0]!.length, height: rows.length, classes };
}

describe("an outlined image", () => {
  test("is the overlay of a label on which nothing was found", () => {
    const [width, height] = [6, 5];
    const digits = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 30, maxLength: 30 });
    fc.assert(
      fc.property(digits, fc.constantFrom(1 as const, 3 as const), (values, channels) => {
        const pixels = Uint8Array.from({ length: 30 * channels }, (_, i) => (i * 37) % 256);
        const label = { width, height, classes: Uint8Array.from(values) };
        const nothing = { width, height, classes: new Uint8Array(30) };
        const image = { width, height, channels, pixels };
        const drawn = overlay(image, nothing, { classCount: 2, label });
        expect(outlined(image, label)).toEqual(drawn);
      }),
    );
  });
});

describe("a signed distance", () => {
  test("is half a pixel on both sides of the outline and grows away from it", () => {
    const { classes } = map("0001110");
    expect([...signedDistance(classes, 7, 1)]).toEqual([-2.5, -1.5, -0.5, 0.5, 1.5, 0.5, -0.5]);
  });

  test("is the way to the nearest pixel of the other kind", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 24, maxLength: 24 }),
        (bits) => {
          const distance = signedDistance(Uint8Array.from(bits), 6, 4);
          bits.forEach((bit, i) => {
            const others = bits.flatMap((other, j) =>
              other === bit
                ? []
                : [Math.hypot((i % 6) - (j % 6), Math.floor(i / 6) - Math.floor(j / 6))],
            );
            const nearest = Math.min(...others);
            if (others.length === 0) expect(Math.abs(distance[i]!)).toBeGreaterThan(1e5);
            else expect(distance[i]).toBeCloseTo(bit ? nearest - 0.5 : 0.5 - nearest, 5);
          });
        },
      ),
    );
  });
});

describe("an overlay", () => {
  const gray = (values: number[], width: number) => ({
    width,
    height: values.length / width,
    channels: 1 as const,
    pixels: Uint8Array.from(values),
  });
  const reds = (picture: { pixels: Uint8Array }) =>
    [...picture.pixels].filter((_, i) => i % 3 === 0);

  test("is the image itself where only background was found", () => {
    const drawn = overlay(gray([10, 20, 30, 40], 2), map("00", "00"), {
      classCount: 2,
      maskOpacity: 1,
    });
    expect(reds(drawn)).toEqual([10, 20, 30, 40]);
  });

  test("draws a white line inside the outline, white glass within and a black veil outside", () => {
    const image = gray(new Array(9).fill(100), 9);
    const drawn = overlay(image, map("001111100"), {
      classCount: 2,
      opacity: 0.2,
      maskOpacity: 0.5,
      lineWidth: 1,
    });
    // distances: -1.5 -0.5 0.5 1.5 2.5 1.5 0.5 -0.5 -1.5
    expect(reds(drawn)).toEqual([50, 50, 255, 131, 131, 131, 255, 50, 50]);
  });

  test("moves the outline of two classes by the threshold", () => {
    const image = gray(new Array(7).fill(0), 7);
    const options = { classCount: 2, opacity: 0, lineWidth: 1 };
    expect(reds(overlay(image, map("0011100"), { ...options, threshold: -1 }))).toEqual([
      0, 255, 0, 0, 0, 255, 0,
    ]);
    expect(reds(overlay(image, map("0011100"), { ...options, threshold: 1 }))).toEqual([
      0, 0, 0, 255, 0, 0, 0,
    ]);
  });

  test("keeps the colours of several classes and draws the line between them", () => {
    const image = gray(new Array(6).fill(0), 6);
    const palette = [
      [0, 0, 0],
      [200, 0, 0],
      [100, 0, 0],
    ] as const;
    const drawn = overlay(image, map("111222"), {
      classCount: 3,
      palette,
      opacity: 0.5,
      lineWidth: 1,
    });
    expect(reds(drawn)).toEqual([100, 100, 200, 100, 50, 50]);
  });

  test("is as many times larger as it is asked to be, with a smooth outline", () => {
    const drawn = overlay(gray(new Array(16).fill(0), 4), map("0000", "0110", "0110", "0000"), {
      classCount: 2,
      scale: 8,
      lineWidth: 2,
    });
    expect([drawn.width, drawn.height]).toEqual([32, 32]);
    expect(reds(drawn).filter((value) => value === 255).length).toBeGreaterThan(30);
  });

  test("marks the outline of a label in yellow", () => {
    const drawn = overlay(gray(new Array(5).fill(0), 5), map("00000"), {
      classCount: 2,
      label: map("00110"),
    });
    expect([...drawn.pixels.subarray(3, 9)]).toEqual([255, 214, 0, 255, 214, 0]);
    expect([...drawn.pixels.subarray(0, 3)]).toEqual([0, 0, 0]);
  });
});

describe("a class map", () => {
  test("has the highest channel of each pixel, of equals the first", () => {
    const scores = Float32Array.from([0, 1, 2, 0, 5, 1, 0, 4, 2]);
    expect([...argmaxMap(scores, 3, 1, 3).classes]).toEqual([0, 1, 0]);
  });

  test("is scored by Dice and IoU for each class", () => {
    expect(scoreClasses(map("001122"), map("001100"))).toEqual([
      { class: 0, predicted: 2, labelled: 4, dice: 4 / 6, iou: 2 / 4 },
      { class: 1, predicted: 2, labelled: 2, dice: 1, iou: 1 },
      { class: 2, predicted: 2, labelled: 0, dice: 0, iou: 0 },
    ]);
  });

  test("is only counted where there is no label, and not where the label says so", () => {
    expect(scoreClasses(map("011"))).toEqual([
      { class: 0, predicted: 1 },
      { class: 1, predicted: 2 },
    ]);
    const label = { width: 3, height: 1, classes: Uint8Array.of(0, 1, 255) };
    expect(scoreClasses(map("011"), label).map(({ predicted }) => predicted)).toEqual([1, 1]);
  });
});

test("the colours of 21 classes are those of PASCAL VOC", () => {
  const palette = classPalette(21);
  expect(palette.slice(0, 4)).toEqual([
    [0, 0, 0],
    [128, 0, 0],
    [0, 128, 0],
    [128, 128, 0],
  ]);
  expect(palette[15]).toEqual([192, 128, 128]);
  expect(new Set(palette.map(String)).size).toBe(21);
  expect(classPalette(2)[1]).toEqual([255, 255, 255]);
});
