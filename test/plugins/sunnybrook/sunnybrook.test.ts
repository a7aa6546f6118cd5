/** @file The Sunnybrook plug-in: contours find their slices, and a dataset in DIGITS' layout comes out. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { LogLevel } from "../../../src/core/logger.ts";
import { readBinaryProto } from "../../../src/model-file/index.ts";
import { contourMask, readContour } from "../../../src/plugins/contours/contour-file.ts";
import { readDicom } from "../../../src/plugins/dicom/index.ts";
import { paddedCaseName, shortCaseName } from "../../../src/plugins/sunnybrook/cases.ts";
import {
  buildSunnybrookDataset,
  planSunnybrookDataset,
  type SunnybrookOptions,
} from "../../../src/plugins/sunnybrook/index.ts";
import { writePhantom } from "../../../src/plugins/sunnybrook/phantom/index.ts";
import { readRecords } from "../../support/dataset-records.ts";
import { hasShared, sharedPath } from "../../support/shared.ts";
import { temporaryFolder } from "../../support/temporary.ts";

const temporary = temporaryFolder("sunnybrook");
const study = temporary("study");
const images = join(study, "challenge_training");
const contours = join(study, "Sunnybrook Cardiac MR Database ContoursPart3");

interface DatasetRecord {
  readonly key: string;
  readonly case: string;
  readonly image: string;
  readonly contour: string;
  readonly rowMm: number;
  readonly columnMm: number;
}

interface Stage {
  readonly count: number;
  readonly classPixels: readonly number[];
  readonly records: readonly DatasetRecord[];
}

interface DatasetFile {
  readonly train: Stage;
  readonly val: Stage;
  readonly leftOut: readonly { readonly id: string; readonly reason: string }[];
}

function datasetFile(folder: string): DatasetFile {
  return JSON.parse(readFileSync(join(folder, "dataset.json"), "utf8")) as DatasetFile;
}

async function build(name: string, options: Partial<SunnybrookOptions> = {}) {
  const out = temporary(name);
  const messages: string[] = [];
  const logger = {
    log: (_level: LogLevel, _source: string, message: string) => void messages.push(message),
  };
  const summary = await buildSunnybrookDataset({ images, contours, out, logger, ...options });
  return { out, summary, messages };
}

beforeAll(async () => {
  await writePhantom({ out: study, patients: 4, slices: 3, phases: 2, size: 64, seed: 2 });
});

describe("case names", () => {
  test("lose and gain their zeros", () => {
    expect(shortCaseName("SC-HF-I-01")).toBe("SC-HF-I-1");
    expect(shortCaseName("SC-HF-NI-34")).toBe("SC-HF-NI-34");
    expect(paddedCaseName("SC-HF-I-1")).toBe("SC-HF-I-01");
    expect(paddedCaseName("SC-N-40")).toBe("SC-N-40");
  });
});

describe("buildSunnybrookDataset", () => {
  test("writes DIGITS' layout with the stored values and the filled contours", async () => {
    const { out, summary, messages } = await build("gray", { valPercent: 10 });
    expect(messages.join()).toContain("validation patients are in the training set too");
    expect(summary).toMatchObject({ train: 22, val: 2, leftOut: [], featureShape: [1, 64, 64] });
    expect(readdirSync(join(out, "train_db")).sort()).toEqual([
      "features",
      "labels",
      "mean.binaryproto",
    ]);
    const { train, val } = datasetFile(out);
    expect([train.count, val.count]).toEqual([22, 2]);
    const features = await readRecords(out, "val_db", "features");
    const labels = await readRecords(out, "val_db", "labels");
    for (const [i, about] of val.records.entries()) {
      const key = `00000000${i}`;
      expect([about.key, features[i]!.key, labels[i]!.key]).toEqual([key, key, key]);
      const { values } = await readDicom(join(images, about.image));
      expect(features[i]!.data).toEqual(Float32Array.from(values));
      const points = await readContour(join(contours, about.contour));
      expect(Buffer.from(labels[i]!.data)).toEqual(Buffer.from(contourMask(points, 64, 64).data));
      expect([features[i]!.label, labels[i]!.label]).toEqual([0, 0]);
    }
  });

  test("writes the true mean, which DIGITS wraps around at 256", async () => {
    const out = temporary("gray");
    const records = await readRecords(out, "train_db", "features");
    const mean = await readBinaryProto(join(out, "train_db", "mean.binaryproto"));
    expect(mean).toMatchObject({ num: 1, channels: 1, height: 64, width: 64 });
    const brightest = mean.data!.reduce((most, value) => Math.max(most, value), 0);
    expect(brightest).toBeGreaterThan(256);
    const pixel = mean.data!.indexOf(brightest);
    const sum = records.reduce((total, { data }) => total + data[pixel]!, 0);
    expect(mean.data![pixel]).toBeCloseTo(sum / records.length, 3);
  });

  test("repeats the slice three times for RGB, and stores labels as PNG", async () => {
    const { out } = await build("rgb", { channels: "RGB", labelEncoding: "png" });
    const [rgb] = await readRecords(out, "train_db", "features");
    const [gray] = await readRecords(temporary("gray"), "train_db", "features");
    expect(rgb!.channels).toBe(3);
    for (let c = 0; c < 3; c++)
      expect(rgb!.data.slice(c * 4096, (c + 1) * 4096)).toEqual(gray!.data);
    const [png] = await readRecords(out, "train_db", "labels");
    const [raw] = await readRecords(temporary("gray"), "train_db", "labels");
    expect(png!.encoded).toBe(true);
    expect(Buffer.from(png!.data)).toEqual(Buffer.from(raw!.data));
  });

  test("keeps the size of each slice's pixels, which distances in mm need", async () => {
    const { out } = await build("spacing");
    for (const { image, rowMm, columnMm } of datasetFile(out).train.records) {
      const { pixelSpacingMm } = await readDicom(join(images, image));
      expect([rowMm, columnMm]).toEqual(pixelSpacingMm);
    }
  });

  test("keeps 16-bit features in PNG, and says what Caffe makes of them", async () => {
    const { out, messages } = await build("png", { featureEncoding: "png", valPercent: 0 });
    const [record] = await readRecords(out, "train_db", "features");
    const { image } = datasetFile(out).train.records[0]!;
    const { values } = await readDicom(join(images, image));
    expect(record!.data).toEqual(Uint16Array.from(values));
    expect(messages.join()).toContain("Caffe decodes images to 8 bits");
  });

  test("deals the same slices out for the same seed, and others for another", async () => {
    const ids = async (seed: number) => {
      const plan = await planSunnybrookDataset({ images, contours, seed });
      return plan.train.map(({ id }) => id);
    };
    expect(await ids(0)).toEqual(await ids(0));
    expect(await ids(1)).not.toEqual(await ids(0));
    expect(await ids(0)).not.toEqual([...(await ids(0))].sort());
  });

  test("keeps patients apart when told to", async () => {
    const options = { images, contours, valPercent: 25 };
    const { train, val } = await planSunnybrookDataset({ ...options, split: "patient" });
    const cases = (entries: typeof val) => new Set(entries.map(({ group }) => group));
    expect([cases(train).size, cases(val).size]).toEqual([3, 1]);
    for (const name of cases(val)) expect(cases(train)).not.toContain(name);
    // A tenth of four patients is none, but a validation set was asked for.
    const tenth = await planSunnybrookDataset({ ...options, split: "patient", valPercent: 10 });
    expect(cases(tenth.val).size).toBe(1);
  });

  test("has no validation for 0 percent, and no training for 100", async () => {
    const counts = async (valPercent: number) => {
      const { train, val } = await planSunnybrookDataset({ images, contours, valPercent });
      return [train.length, val.length];
    };
    expect(await counts(0)).toEqual([24, 0]);
    expect(await counts(10)).toEqual([22, 2]);
    expect(await counts(100)).toEqual([0, 24]);
    await expect(counts(101)).rejects.toThrow("--val-percent is 101");
  });

  test("replaces a dataset only when told to", async () => {
    await expect(build("gray")).rejects.toThrow("exists already");
    const { out } = await build("gray", { force: true, valPercent: 0 });
    expect(existsSync(join(out, "val_db"))).toBe(false);
  });
});

describe("a study with gaps", () => {
  const broken = temporary("broken");
  const brokenImages = join(broken, "challenge_training");
  const brokenContours = join(broken, "Sunnybrook Cardiac MR Database ContoursPart3");
  const contour = (name: string, number: string) =>
    join(
      brokenContours,
      "TrainingDataContours",
      name,
      "contours-manual/IRCCI-expert",
      `IM-0001-${number}-icontour-manual.txt`,
    );
  beforeAll(() => {
    cpSync(study, broken, { recursive: true });
    rmSync(join(brokenImages, "SC-HF-I-1/IM-0004-0001.dcm"));
    writeFileSync(join(brokenImages, "SC-HF-I-1/IM-0004-0002.dcm"), "no DICOM");
    writeFileSync(contour("SC-HF-I-01", "0003"), "");
    writeFileSync(contour("SC-HF-I-01", "0004"), "10 ten\n");
    writeFileSync(contour("SC-HF-I-01", "0005"), "900 900\n901 900\n901 901\n");
    // A series that the table does not know, and two that could both be meant.
    renameSync(join(brokenImages, "SC-N-2"), join(brokenImages, "SC-N-9"));
    renameSync(
      join(brokenContours, "TrainingDataContours/SC-N-02"),
      join(brokenContours, "TrainingDataContours/SC-N-09"),
    );
    const folder = join(brokenImages, "SC-N-9");
    cpSync(join(folder, "IM-0898-0001.dcm"), join(folder, "IM-0899-0001.dcm"));
  });

  test("leaves each bad record out with one line, and finds series by looking", async () => {
    const { out, summary, messages } = await build("gaps", {
      images: brokenImages,
      contours: brokenContours,
      valPercent: 0,
    });
    expect(summary).toMatchObject({ train: 18, val: 0 });
    const reasons = messages.filter((message) => message.startsWith("left out: ")).join("\n");
    expect(summary.leftOut).toHaveLength(6);
    expect(datasetFile(out).leftOut).toHaveLength(6);
    expect(reasons).toMatch(/there is no image .*SC-HF-I-1\/IM-0004-0001\.dcm/);
    expect(reasons).toMatch(/IM-0004-0002\.dcm: is not a DICOM file/);
    expect(reasons).toMatch(/IM-0001-0003-icontour-manual\.txt: holds no points/);
    expect(reasons).toMatch(/IM-0001-0004-icontour-manual\.txt:1: expected a point/);
    expect(reasons).toMatch(/IM-0001-0005-icontour-manual\.txt: lies outside its 64x64 image/);
    expect(reasons).toMatch(
      /2 series in .*SC-N-9 have an instance 1 \(IM-0898-0001\.dcm, IM-0899-0001\.dcm\)/,
    );
    expect(reasons.split("\n")).toHaveLength(6);
  });

  test("says which folder is wrong", async () => {
    const attempt = (options: Partial<SunnybrookOptions>) => build("wrong", options);
    await expect(attempt({ images: temporary("nowhere") })).rejects.toThrow(
      /nowhere: Folder does not exist or is not reachable; expected the image folder/,
    );
    await expect(attempt({ contours: images })).rejects.toThrow("no inner contours");
    await expect(attempt({ images: study })).rejects.toThrow(
      /holds the slice of none of the 24 contours.*has no folder SC-HF-I-1$/,
    );
    expect(existsSync(temporary("wrong"))).toBe(false);
  });

  test("leaves nothing behind when images differ in size", async () => {
    const mixed = temporary("mixed");
    await writePhantom({ out: mixed, patients: 4, slices: 1, phases: 1, size: 80, seed: 2 });
    cpSync(
      join(mixed, "challenge_training/SC-HYP-1/IM-0550-0001.dcm"),
      join(brokenImages, "SC-HYP-1/IM-0550-0001.dcm"),
    );
    const run = build("half", { images: brokenImages, contours: brokenContours });
    await expect(run).rejects.toThrow(/Feature shape mismatch \(last:\(1, .*previous:\(1, /);
    expect(readdirSync(temporary()).filter((name) => name.includes("half"))).toEqual([]);
  });
});

describe("the layout of the Cardiac Atlas", () => {
  test("is read through link.csv", async () => {
    const atlas = temporary("atlas");
    const series = join(atlas, "dicoms/SCD0000101");
    const inner = join(atlas, "contourfiles/SC-HF-I-1/i-contours");
    mkdirSync(series, { recursive: true });
    mkdirSync(inner, { recursive: true });
    cpSync(join(images, "SC-HF-I-1/IM-0004-0001.dcm"), join(series, "48.dcm"));
    cpSync(
      join(
        contours,
        "TrainingDataContours/SC-HF-I-01/contours-manual/IRCCI-expert/IM-0001-0001-icontour-manual.txt",
      ),
      join(inner, "IM-0001-0048-icontour-manual.txt"),
    );
    writeFileSync(join(atlas, "link.csv"), "patient_id,original_id\nSCD0000101,SC-HF-I-1\n");
    const plan = await planSunnybrookDataset({
      images: join(atlas, "dicoms"),
      contours: join(atlas, "contourfiles"),
    });
    expect(plan.leftOut).toEqual([]);
    expect(plan.train.map(({ about }) => about)).toMatchObject([
      { case: "SC-HF-I-1", instance: 48, image: "SCD0000101/48.dcm" },
    ]);
    await expect(plan.train[0]!.load()).resolves.toMatchObject({ feature: { width: 64 } });
  });
});

test.skipIf(!hasShared)("reads the three real patients (needs ../shared)", async () => {
  const { out, summary } = await build("real", {
    images: sharedPath("data/sunnybrook/challenge_training"),
    contours: sharedPath("data/sunnybrook/Sunnybrook Cardiac MR Database ContoursPart3"),
  });
  expect(summary).toMatchObject({ train: 51, val: 5, leftOut: [], featureShape: [1, 256, 256] });
  const { train, val } = datasetFile(out);
  // The same pixels as the masks of an independent export of these 56 slices.
  expect(train.classPixels[1]! + val.classPixels[1]!).toBe(realMaskPixels());
});

function realMaskPixels(): number {
  const index = readFileSync(sharedPath("data/sunnybrook-png/INDEX.tsv"), "utf8");
  return index
    .split("\n")
    .map((line) => line.split("\t"))
    .filter(([, patient]) => /^SC-HF-I-0[124]$/.test(patient ?? ""))
    .reduce((sum, [, , , pixels]) => sum + Number(pixels), 0);
}
