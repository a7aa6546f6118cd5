/** @file Polygons against OpenCV's fillPoly. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fillPoly, type Point } from "../../../src/plugins/contours/fill-poly.ts";
import { hasPythonModule, runPython } from "../../support/python.ts";

function paint(points: readonly (readonly [number, number])[], width = 12, height = 12) {
  const mask = { width, height, data: new Uint8Array(width * height) };
  fillPoly(
    mask,
    points.map(([x, y]) => ({ x, y })),
    1,
  );
  return mask;
}

const painted = (...args: Parameters<typeof paint>) =>
  paint(...args).data.reduce((sum, value) => sum + value, 0);

describe("fillPoly", () => {
  test("includes the outline", () => {
    expect(
      painted([
        [1, 1],
        [5, 1],
        [5, 5],
        [1, 5],
      ]),
    ).toBe(25);
  });

  test("leaves the even crossings of a bow-tie out", () => {
    expect(
      painted([
        [1, 1],
        [9, 9],
        [9, 1],
        [1, 9],
      ]),
    ).toBe(49);
  });

  test("paints a single point, and a line between two", () => {
    expect(painted([[3, 4]])).toBe(1);
    expect(
      painted([
        [1, 1],
        [6, 3],
      ]),
    ).toBe(6);
  });

  test("paints nothing for no points", () => {
    expect(painted([])).toBe(0);
  });

  test("clips at the border", () => {
    expect(
      painted([
        [-5, -5],
        [30, -5],
        [30, 30],
        [-5, 30],
      ]),
    ).toBe(144);
    expect(
      painted([
        [-5, 3],
        [-1, 3],
        [-3, 9],
      ]),
    ).toBe(0);
  });

  test("does not depend on which point comes first", () => {
    const coordinate = fc.integer({ min: -4, max: 15 });
    const polygon = fc.array(fc.tuple(coordinate, coordinate), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(polygon, fc.nat(8), (points, shift) => {
        const at = shift % points.length;
        const rotated = [...points.slice(at), ...points.slice(0, at)];
        expect(paint(rotated).data).toEqual(paint(points).data);
      }),
    );
  });
});

interface Case {
  readonly width: number;
  readonly height: number;
  readonly points: Point[];
}

/** Four kinds of polygon: inside, a little and far outside the image, and round like a ventricle. */
function randomCases(count: number): Case[] {
  let state = 1;
  const below = (n: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  return Array.from({ length: count }, (_, i) => {
    const [width, height] = [1 + below(40), 1 + below(40)];
    if (i % 4 === 3) {
      const [cx, cy, radius, sides] = [below(width), below(height), 1 + below(20), 10 + below(50)];
      const points = Array.from({ length: sides }, (_, k) => {
        const angle = (2 * Math.PI * k) / sides;
        const [x, y] = [cx + radius * Math.cos(angle), cy + radius * Math.sin(angle)];
        return { x: Math.trunc(x), y: Math.trunc(y) };
      });
      return { width, height, points };
    }
    const margin = [0, 10, 60][i % 4]!;
    const points = Array.from({ length: 1 + below(12) }, () => ({
      x: below(width + 2 * margin) - margin,
      y: below(height + 2 * margin) - margin,
    }));
    return { width, height, points };
  });
}

const openCv = `
import sys, json, numpy as np, cv2
out = []
for case in json.load(sys.stdin):
    mask = np.zeros((case["height"], case["width"]), np.uint8)
    cv2.fillPoly(mask, [np.array([[p["x"], p["y"]] for p in case["points"]], np.int32)], 1)
    out.append("".join(map(str, mask.ravel())))
json.dump(out, sys.stdout)
`;

const hasOpenCv = hasPythonModule("cv2");

test.skipIf(!hasOpenCv)("paints 6000 random polygons as OpenCV does (needs python3-opencv)", () => {
  const cases = randomCases(6000);
  const expected = runPython(openCv, cases) as string[];
  const differing = cases.filter(({ width, height, points }, i) => {
    const mask = { width, height, data: new Uint8Array(width * height) };
    fillPoly(mask, points, 1);
    return mask.data.join("") !== expected[i];
  });
  expect(differing).toEqual([]);
});
