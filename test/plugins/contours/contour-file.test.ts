/** @file Contour files: what is a point, what is refused, and the masks of the three real patients. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import {
  contourMask,
  parseContour,
  readContour,
} from "../../../src/plugins/contours/contour-file.ts";
import { sharedPath } from "../../support/shared.ts";

describe("parseContour", () => {
  test("reads pairs of numbers, whatever ends the lines", () => {
    const points = [
      { x: 120.5, y: 137 },
      { x: 1, y: 2.5 },
    ];
    expect(parseContour("120.50 137.00\n1.00 2.50", "c")).toEqual(points);
    expect(parseContour("# drawn\n120.5 137 # first\n1 2.5", "c")).toEqual(points);
    expect(parseContour("120.50\t137.00\r\n\r\n 1 2.5 \r\n", "c")).toEqual(points);
  });

  test("says on which line something else stands", () => {
    expect(() => parseContour("1 2\n3 x\n", "c.txt")).toThrow(
      'c.txt:2: expected a point as "x y" in pixels, found "3 x"',
    );
    expect(() => parseContour("1 2 3", "c.txt")).toThrow("c.txt:1: expected a point");
    expect(() => parseContour("1 1e9", "c.txt")).toThrow("c.txt:1: expected a point");
  });

  test("refuses a file without points", () => {
    expect(() => parseContour("\n \n", "c.txt")).toThrow("c.txt: holds no points");
  });

  test("names the file that cannot be read", async () => {
    await expect(readContour("no/such.txt")).rejects.toThrow(
      "no/such.txt: cannot be read: no such file or directory (ENOENT)",
    );
  });
});

describe("contourMask", () => {
  test("cuts coordinates toward zero", () => {
    const { data } = contourMask([{ x: 1.9, y: 0.9 }], 3, 2);
    expect([...data]).toEqual([0, 1, 0, 0, 0, 0]);
    expect([...contourMask([{ x: -0.9, y: -0.9 }], 2, 2).data]).toEqual([1, 0, 0, 0]);
  });

  const contours = sharedPath(
    "data/sunnybrook/Sunnybrook Cardiac MR Database ContoursPart3/TrainingDataContours",
  );
  const hasData = existsSync(contours);
  test.skipIf(!hasData)("equals the masks of an independent export (needs ../shared)", async () => {
    let compared = 0;
    for (const patient of readdirSync(contours)) {
      const folder = join(contours, patient, "contours-manual", "IRCCI-expert");
      for (const file of readdirSync(folder).filter((name) => name.includes("icontour"))) {
        const { data } = contourMask(await readContour(join(folder, file)), 256, 256);
        const png = `${patient}-${file.slice(0, 12)}.png`;
        const expected = await sharp(sharedPath("data/sunnybrook-png/masks", png))
          .extractChannel(0)
          .raw()
          .toBuffer();
        expect(Buffer.from(data.map((value) => value * 255)).equals(expected), png).toBe(true);
        compared++;
      }
    }
    expect(compared).toBe(56);
  });
});
