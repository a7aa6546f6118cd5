/** @file Pretrained weights that a job keeps, as they will not stay where they were. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { readJobRecord } from "../../src/job/job-record.ts";
import { prepareJob } from "../../src/job/prepare-job.ts";
import { defaultSettings } from "../../src/job/settings.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { tinyNetwork, writeTinyDataset } from "../support/tiny-dataset.ts";

const at = temporaryFolder("kept-weights");

beforeAll(async () => {
  await writeTinyDataset(at("tiny"));
});

test("weights that a job keeps outlive the upload; others stay where they are", async () => {
  // A snapshot of another job by its name: it must not pass for one of this job.
  const upload = at("snapshot_iter_7.caffemodel");
  const other = at("other.caffemodel");
  for (const file of [upload, other]) writeFileSync(file, file);
  const settings = {
    ...{ ...defaultSettings, dataset: at("tiny"), network: "network" },
    weights: [other, upload],
  };
  const networkText = tinyNetwork();
  for (const name of ["first", "second"]) {
    await prepareJob({ settings, networkText, out: at(name), keptWeights: [upload] });
  }
  rmSync(upload);
  for (const name of ["first", "second"]) {
    const { weights } = readJobRecord(at(name)).settings;
    expect(weights).toEqual([other, at(name, "weights", "1-snapshot_iter_7.caffemodel")]);
    expect(readFileSync(weights[1]!, "utf8")).toBe(upload);
    expect(existsSync(at(name, "snapshot_iter_7.caffemodel"))).toBe(false);
  }
});
