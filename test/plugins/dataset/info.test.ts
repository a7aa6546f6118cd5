/** @file What `cortado dataset info` tells, and the four commands as a user runs them. */
import { existsSync, mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { datasetImagesCommand } from "../../../src/cli/dataset-images.ts";
import { datasetInfoCommand } from "../../../src/cli/dataset-info.ts";
import { datasetPhantomCommand } from "../../../src/cli/dataset-phantom.ts";
import { datasetSunnybrookCommand } from "../../../src/cli/dataset-sunnybrook.ts";
import type { Command, FlagValues } from "../../../src/cli/command.ts";
import { createLmdb, encodeDatum } from "../../../src/data/index.ts";
import { datasetInfo } from "../../../src/plugins/dataset/info.ts";
import { recordedIo } from "../../support/io.ts";
import { temporaryFolder } from "../../support/temporary.ts";

const temporary = temporaryFolder("info");

/** Runs a command with its flags' defaults. */
async function run(command: Command, flags: FlagValues, positionals: readonly string[] = []) {
  const io = recordedIo(temporary());
  const defaults = Object.fromEntries(
    Object.entries(command.flags).map(([name, flag]) => [name, flag.default]),
  );
  expect(await command.run({ ...defaults, ...flags }, positionals, io)).toBe(0);
  return io;
}

describe("the dataset commands", () => {
  beforeAll(async () => {
    const { stdout } = await run(datasetPhantomCommand, {
      out: "study",
      patients: 2,
      slices: 2,
      size: 64,
    });
    expect(stdout[0]).toBe("2 synthetic patients: 8 DICOM images, 8 with a contour");
    expect(stdout[2]).toContain(`--images "${temporary("study", "challenge_training")}"`);
  });

  const images = "study/challenge_training";
  const contours = "study/Sunnybrook Cardiac MR Database ContoursPart3";

  test("make a dataset of a phantom and describe it", async () => {
    const made = await run(datasetSunnybrookCommand, {
      images,
      contours,
      out: "set",
      "val-percent": 25,
      "label-encoding": "png",
    });
    expect(made.stdout).toEqual([
      "train_db: 6 records, val_db: 2 records",
      "feature shape (1, 64, 64), label shape (1, 64, 64)",
      `8 of 8 records kept, 0 left out; wrote ${temporary("set")}`,
    ]);
    const { stdout, stderr } = await run(datasetInfoCommand, { mosaic: "m.png" }, ["set"]);
    const text = stdout.join("\n");
    expect(text).toContain("(sunnybrook)");
    expect(text).toMatch(/train_db\/features +6 +1x64x64 +float .* 000000000 to 000000005/);
    expect(text).toMatch(/val_db\/labels +2 +1x64x64 +encoded png, 8 bit +0, 1,/);
    expect(text).toMatch(/1 +left ventricle +\d+ +\d\.\d{3} % +6/);
    expect(stderr).toEqual([`wrote ${temporary("m.png")}`]);
    expect(await sharp(temporary("m.png")).metadata()).toMatchObject({ width: 384, height: 64 });
  });

  test("print JSON", async () => {
    await run(datasetSunnybrookCommand, { images, contours, out: "json-set" });
    const { stdout } = await run(datasetInfoCommand, { json: true }, ["json-set"]);
    const info = JSON.parse(stdout.join("\n")) as Awaited<ReturnType<typeof datasetInfo>>;
    expect(info.description).toMatchObject({
      kind: "sunnybrook",
      classNames: ["background", "left ventricle"],
    });
    const [features, labels] = info.databases;
    expect(features).toMatchObject({
      path: "train_db/features",
      records: 8,
      shapes: [{ shape: [1, 64, 64], records: 8 }],
      types: ["float"],
    });
    expect(labels!.pixelClasses!.map((entry) => entry.class)).toEqual([0, 1]);
    expect(labels!.pixelClasses!.reduce((sum, { count }) => sum + count, 0)).toBe(8 * 64 * 64);
    expect(info.problems).toEqual([]);
  });

  test("say which value of a flag is wrong", async () => {
    const attempt = (flags: FlagValues) =>
      run(datasetSunnybrookCommand, { images, contours, out: "no", ...flags });
    await expect(attempt({ split: "record" })).rejects.toThrow(
      "--split is record; expected slice or patient",
    );
    await expect(attempt({ encoding: "jpg" })).rejects.toThrow(
      "--encoding is jpg; expected none or png",
    );
    await expect(attempt({ seed: 1.5 })).rejects.toThrow("--seed is 1.5; expected a whole number");
    await expect(
      run(datasetImagesCommand, { images: ".", labels: ".", out: "no", resize: "big" }),
    ).rejects.toThrow("--resize is big; expected a width and a height");
    expect(existsSync(temporary("no"))).toBe(false);
  });
});

describe("datasetInfo", () => {
  test("reads any LMDB of Datum records, with its labels", async () => {
    const writer = createLmdb(temporary("mnist"));
    for (let i = 0; i < 5; i++) {
      const data = Uint8Array.from({ length: 4 }, (_, j) => 10 * i + j);
      writer.put(`k${i}`, encodeDatum({ channels: 1, height: 2, width: 2, data, label: i % 2 }));
    }
    await writer.close();
    const { databases } = await datasetInfo(temporary("mnist"));
    expect(databases).toMatchObject([
      {
        path: ".",
        records: 5,
        firstKey: "k0",
        lastKey: "k4",
        types: ["uint8"],
        min: 0,
        max: 43,
        mean: 21.5,
        recordClasses: [
          { class: 0, count: 3, fraction: 0.6 },
          { class: 1, count: 2, fraction: 0.4 },
        ],
      },
    ]);
  });

  test("tells what does not fit together", async () => {
    for (const [name, sizes] of [
      ["features", [2, 2, 3]],
      ["labels", [2, 2]],
    ] as const) {
      const writer = createLmdb(temporary("odd", name));
      for (const [i, width] of sizes.entries()) {
        const data = new Uint8Array(width);
        writer.put(`00${i}`, encodeDatum({ channels: 1, height: 1, width, data }));
      }
      await writer.close();
    }
    expect((await datasetInfo(temporary("odd"))).problems).toEqual([
      "features has 3 records, but labels has 2; they must pair up",
      "features has images of 2 different shapes",
    ]);
  });

  test("refuses folders without, and damaged databases", async () => {
    mkdirSync(temporary("empty"));
    await expect(datasetInfo(temporary("empty"))).rejects.toThrow("holds no LMDB");
    await expect(datasetInfo(temporary("nowhere"))).rejects.toThrow("Folder does not exist");
    const writer = createLmdb(temporary("foreign"));
    writer.put("a", Buffer.from("no Datum at all"));
    await writer.close();
    await expect(datasetInfo(temporary("foreign"))).rejects.toThrow(/foreign: record a/);
    truncateSync(join(temporary("foreign"), "data.mdb"), 5000);
    await expect(datasetInfo(temporary("foreign"))).rejects.toThrow("foreign");
    rmSync(join(temporary("foreign"), "data.mdb"));
    writeFileSync(join(temporary("foreign"), "data.mdb"), "");
    await expect(datasetInfo(temporary("foreign"))).rejects.toThrow("foreign");
  });
});
