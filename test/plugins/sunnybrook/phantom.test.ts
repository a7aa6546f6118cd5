/** @file Synthetic patients: their files are those of the challenge, and their anatomy is what the contours say. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { contourMask, readContour } from "../../../src/plugins/contours/contour-file.ts";
import { readDicom } from "../../../src/plugins/dicom/index.ts";
import { writePhantom } from "../../../src/plugins/sunnybrook/phantom/index.ts";
import { temporaryFolder } from "../../support/temporary.ts";

const temporary = temporaryFolder("phantom");
const small = { patients: 5, slices: 2, phases: 3, size: 96, seed: 4 };
const experts = (folder: string, name: string) =>
  join(
    folder,
    "Sunnybrook Cardiac MR Database ContoursPart3",
    "TrainingDataContours",
    name,
    "contours-manual",
    "IRCCI-expert",
  );

describe("writePhantom", () => {
  const out = temporary("study");
  beforeAll(async () => {
    const summary = await writePhantom({ ...small, out });
    expect(summary).toMatchObject({ patients: 5, images: 30, contours: 20 });
  });

  test("has the folders and names of the challenge", () => {
    expect(readdirSync(join(out, "challenge_training")).sort()).toEqual([
      "SC-HF-I-1",
      "SC-HF-I-2",
      "SC-HF-NI-3",
      "SC-HYP-1",
      "SC-N-2",
    ]);
    expect(readdirSync(join(out, "challenge_training", "SC-HF-I-2")).sort()).toEqual(
      [1, 2, 3, 4, 5, 6].map((n) => `IM-0106-000${n}.dcm`),
    );
    // Inner contours at end systole and end diastole, outer ones at end diastole.
    expect(readdirSync(experts(out, "SC-HF-I-02")).sort()).toEqual([
      "IM-0001-0001-icontour-manual.txt",
      "IM-0001-0003-icontour-manual.txt",
      "IM-0001-0003-ocontour-manual.txt",
      "IM-0001-0004-icontour-manual.txt",
      "IM-0001-0006-icontour-manual.txt",
      "IM-0001-0006-ocontour-manual.txt",
    ]);
  });

  test("writes 16-bit DICOM images that tell their place", async () => {
    const image = await readDicom(join(out, "challenge_training/SC-N-2/IM-0898-0005.dcm"));
    expect(image).toMatchObject({
      shape: [96, 96],
      instanceNumber: 5,
      seriesNumber: 898,
      sliceLocationMm: -8,
      photometric: "MONOCHROME2",
      format: { bitsAllocated: 16, signed: true },
    });
    expect(image.values).toBeInstanceOf(Int16Array);
    expect(Math.max(...image.values)).toBeGreaterThan(255);
    expect(Math.min(...image.values)).toBeGreaterThanOrEqual(0);
  });

  test("draws contours as the experts' tool does: closed, in steps of half a pixel", async () => {
    const points = await readContour(
      join(experts(out, "SC-HYP-01"), "IM-0001-0003-icontour-manual.txt"),
    );
    expect(points.length).toBeGreaterThan(40);
    points.forEach((point, i) => {
      const last = points.at(i - 1)!;
      expect(Math.abs(point.x - last.x)).toBeLessThanOrEqual(0.5);
      expect(Math.abs(point.y - last.y)).toBeLessThanOrEqual(0.5);
      expect([point.x % 0.5, point.y % 0.5]).toEqual([0, 0]);
    });
  });

  test("fills the contour with blood, brighter than the muscle around it, and beats", async () => {
    for (const [name, padded, series] of [
      ["SC-HF-NI-3", "SC-HF-NI-03", "0379"],
      ["SC-N-2", "SC-N-02", "0898"],
    ] as const) {
      const masks = await Promise.all(
        ["0003-i", "0003-o", "0001-i"].map(async (stem) => {
          const path = join(experts(out, padded), `IM-0001-${stem}contour-manual.txt`);
          return contourMask(await readContour(path), 96, 96).data;
        }),
      );
      const [inner, outer, systole] = masks as [Uint8Array, Uint8Array, Uint8Array];
      const { values } = await readDicom(
        join(out, "challenge_training", name, `IM-${series}-0003.dcm`),
      );
      const mean = (inside: (i: number) => boolean) => {
        const chosen = [...values].filter((_, i) => inside(i));
        return chosen.reduce((sum, value) => sum + value, 0) / chosen.length;
      };
      const blood = mean((i) => inner[i] === 1);
      const muscle = mean((i) => outer[i] === 1 && inner[i] === 0);
      expect(blood).toBeGreaterThan(2 * muscle);
      const area = (mask: Uint8Array) => mask.reduce((sum, value) => sum + value, 0);
      expect(area(systole)).toBeLessThan(0.9 * area(inner));
      expect(area(inner) / 96 ** 2).toBeGreaterThan(0.01);
      expect(area(inner) / 96 ** 2).toBeLessThan(0.06);
    }
  });

  test("makes the same files from the same seed, whatever the number of patients", async () => {
    await writePhantom({ ...small, patients: 1, out: temporary("again") });
    await writePhantom({ ...small, patients: 1, seed: 5, out: temporary("other") });
    const read = (study: string) =>
      readFileSync(temporary(study, "challenge_training/SC-HF-I-1/IM-0004-0002.dcm"));
    expect(read("again").equals(read("study"))).toBe(true);
    expect(read("other").equals(read("study"))).toBe(false);
  });

  test("does not overwrite anything but a phantom, and that only when told to", async () => {
    await expect(writePhantom({ ...small, out })).rejects.toThrow("exists already");
    const foreign = temporary("foreign");
    await writePhantom({ ...small, patients: 1, slices: 1, out: foreign });
    await writePhantom({ ...small, patients: 2, slices: 1, out: foreign, force: true });
    expect(readdirSync(join(foreign, "challenge_training"))).toHaveLength(2);
    writeFileSync(temporary("precious.txt"), "");
    await expect(writePhantom({ ...small, out: temporary(), force: true })).rejects.toThrow(
      "was not written by cortado",
    );
    expect(existsSync(temporary("precious.txt"))).toBe(true);
  });

  test("refuses options out of range", async () => {
    const attempt = (options: object) => writePhantom({ out: temporary("none"), ...options });
    await expect(attempt({ patients: 0 })).rejects.toThrow(
      "--patients is 0; expected a whole number from 1 to 1000",
    );
    await expect(attempt({ noise: -1 })).rejects.toThrow("--noise is -1; expected a number from 0");
    await expect(attempt({ size: 256.5 })).rejects.toThrow("--size is 256.5");
    expect(existsSync(temporary("none"))).toBe(false);
  });

  test("leaves nothing behind when it is interrupted", async () => {
    const controller = new AbortController();
    const onProgress = (done: number) => void (done === 2 && controller.abort());
    const run = writePhantom({
      ...small,
      out: temporary("interrupted"),
      signal: controller.signal,
      onProgress,
    });
    await expect(run).rejects.toThrow("interrupted; nothing was written");
    expect(readdirSync(temporary()).filter((name) => name.includes("interrupted"))).toEqual([]);
  });

  const hasDcmtk = spawnSync("dcmdump", ["--version"]).status === 0;
  test.skipIf(!hasDcmtk)("writes DICOM that DCMTK reads without a warning (needs dcmtk)", () => {
    const file = join(out, "challenge_training/SC-HF-I-1/IM-0004-0001.dcm");
    const { status, stdout, stderr } = spawnSync("dcmdump", [file], { encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("Little Endian Explicit");
    expect(stdout).toMatch(/\(0028,0010\) US 96/);
    expect(stdout).toMatch(/\(7fe0,0010\) OW .*18432, 1 PixelData/);
  });
});
