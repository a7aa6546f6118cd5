/** @file The archive of a trained model: unpacked elsewhere by the real tar, and used there. */
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Solver } from "../../src/index.ts";
import { jobModel } from "../../src/job/job-model.ts";
import { prepareJob } from "../../src/job/prepare-job.ts";
import { Segmenter } from "../../src/job/segmenter.ts";
import { defaultSettings } from "../../src/job/settings.ts";
import { trainJob } from "../../src/job/train-job.ts";
import { buildApp } from "../../src/studio/server/app.ts";
import { LOOPBACK } from "../../src/studio/server/guard.ts";
import { readRecord } from "../../src/studio/server/records.ts";
import { tar } from "../../src/studio/server/tar.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { tinyNetwork, writeTinyDataset } from "../support/tiny-dataset.ts";

const at = temporaryFolder("archive");
let app: FastifyInstance;
/** What the job itself segments. */
let expected: number[];
/** Where the archive was unpacked: the original job and dataset are out of reach by then. */
let unpacked: string;

const get = (url: string) => app.inject({ method: "GET", url, headers: { host: "127.0.0.1" } });

async function classesOf(folder: string, dataset: string): Promise<number[]> {
  const segmenter = await Segmenter.open(await jobModel(folder));
  const { image } = await readRecord(dataset, "val", 0);
  const { map } = await segmenter.segment(image);
  segmenter.dispose();
  return [...map.classes];
}

beforeAll(async () => {
  mkdirSync(at("jobs"));
  await writeTinyDataset(at("jobs", "tiny"));
  copyFileSync(fileURLToPath(new URL("../../layers/dice.ts", import.meta.url)), at("dice.ts"));
  const settings = {
    ...{ ...defaultSettings, dataset: at("jobs", "tiny"), network: "network" },
    ...{ layers: [at("dice.ts")], epochs: 4, learningRate: 0.5 },
  };
  await prepareJob({ settings, networkText: tinyNetwork(), out: at("jobs", "model") });
  await trainJob(at("jobs", "model"));
  expected = await classesOf(at("jobs", "model"), at("jobs", "tiny"));
  app = buildApp({ jobs: at("jobs"), data: [], hosts: LOOPBACK, token: undefined });
  const reply = await get("/api/models/model/archive/12");
  expect(reply.headers["content-disposition"]).toContain('filename="model_epoch_4.tar.gz"');
  writeFileSync(at("model.tar.gz"), reply.rawPayload);
  mkdirSync(at("elsewhere"));
  execFileSync("tar", ["xzf", at("model.tar.gz"), "-C", at("elsewhere")]);
  unpacked = at("elsewhere", "model");
  mkdirSync(at("aside"));
  execFileSync("mv", [at("jobs", "tiny"), at("jobs", "model"), at("aside")]);
});
afterAll(() => app.close());

describe("the archive of a model", () => {
  test("has nets, weights, custom layers, mean, names of classes, and says how to run it", () => {
    expect(readdirSync(unpacked).sort()).toEqual([
      ...["README.md", "deploy.prototxt", "dice.ts", "info.json", "job.json", "labels.txt"],
      ...["mean.binaryproto", "metrics.jsonl", "original.prototxt", "snapshot_iter_12.caffemodel"],
      ...["solver.prototxt", "train_val.prototxt"],
    ]);
    expect(readFileSync(join(unpacked, "labels.txt"), "utf8")).toBe("dark\nbright\n");
    expect(readFileSync(join(unpacked, "README.md"), "utf8")).toContain("cortado infer --job .");
  });

  test("names no path of the machine that it comes from in its texts", () => {
    // A caffemodel holds its net's data layers, paths included, as Caffe's do.
    const texts = readdirSync(unpacked).filter((name) => !/caffemodel|binaryproto/.test(name));
    for (const name of texts) {
      expect(readFileSync(join(unpacked, name), "latin1"), name).not.toContain(at());
    }
  });

  test("segments as the job does", async () => {
    expect(await classesOf(unpacked, at("aside", "tiny"))).toEqual(expected);
    expect(new Set(expected)).toEqual(new Set([0, 1]));
  });

  test("trains on where a dataset is linked beside it", async () => {
    symlinkSync(at("aside", "tiny"), join(unpacked, "dataset"));
    const solver = await Solver.load(join(unpacked, "solver.prototxt"), {
      ...{ root: unpacked, layers: [unpacked] },
      weights: join(unpacked, "snapshot_iter_12.caffemodel"),
    });
    await solver.step(2);
    expect(solver.loss).toBeLessThan(Math.LN2);
    solver.dispose();
    rmSync(join(unpacked, "dataset"));
  });

  test("of a snapshot that is not there does not exist", async () => {
    execFileSync("mv", [at("aside", "model"), at("jobs")]);
    expect((await get("/api/models/model/archive/999")).statusCode).toBe(404);
  });
});

describe("tar", () => {
  test("gives empty files, whole blocks and long names to the real one", async () => {
    const long = `${"long/".repeat(30)}näme.txt`;
    const texts = { "empty.txt": "", "block.txt": "x".repeat(512), [long]: "found" };
    const entries = Object.entries(texts).map(([name, text]) => ({ name, text }));
    const chunks: Uint8Array[] = [];
    for await (const chunk of tar(entries, new Date(0))) chunks.push(chunk);
    mkdirSync(at("tar"));
    writeFileSync(at("all.tar"), Buffer.concat(chunks));
    execFileSync("tar", ["xf", at("all.tar"), "-C", at("tar")]);
    for (const [name, text] of Object.entries(texts)) {
      expect(readFileSync(at("tar", name), "utf8")).toBe(text);
    }
  });
});
