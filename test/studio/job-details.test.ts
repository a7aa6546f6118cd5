/** @file What a model's page shows beside its curves: name and notes, speed, place in the queue, gauges. */
import { mkdirSync, readFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inStatus, readJobRecord, writeJobRecord } from "../../src/job/job-record.ts";
import { appendMetric } from "../../src/job/metrics.ts";
import { prepareJob } from "../../src/job/prepare-job.ts";
import { defaultSettings } from "../../src/job/settings.ts";
import { buildApp } from "../../src/studio/server/app.ts";
import { gpuOf } from "../../src/studio/server/gauges.ts";
import { LOOPBACK } from "../../src/studio/server/guard.ts";
import { TaskFiles } from "../../src/studio/server/task.ts";
import { TaskQueue } from "../../src/studio/server/task-queue.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { tinyNetwork, writeTinyDataset } from "../support/tiny-dataset.ts";

const at = temporaryFolder("details");
let app: FastifyInstance;
const headers = { host: "localhost" };
const get = (url: string) => app.inject({ method: "GET", url, headers });
const put = (url: string, payload: object) => app.inject({ method: "PUT", url, payload, headers });

beforeAll(async () => {
  mkdirSync(at("jobs"));
  await writeTinyDataset(at("jobs", "tiny"));
  const settings = {
    ...defaultSettings,
    dataset: at("jobs", "tiny"),
    network: "network",
    epochs: 1,
  };
  await prepareJob({ settings, networkText: tinyNetwork(), out: at("jobs", "model") });
  app = buildApp({ jobs: at("jobs"), data: [], hosts: LOOPBACK, token: undefined });
});
afterAll(() => app.close());

describe("a job's name and notes", () => {
  const url = "/api/jobs/model/about";

  test("are the user's, and stay; the folder keeps its name", async () => {
    const about = { title: "FCN with <b>Dice</b>", notes: "tried\nagain" };
    expect((await put(url, about)).json()).toEqual(about);
    expect((await get("/api/jobs/model")).json()).toMatchObject({
      ...{ id: "model", title: about.title, notes: about.notes },
    });
    expect(JSON.parse(readFileSync(at("jobs", "model", "about.json"), "utf8"))).toEqual(about);
    expect((await put(url, { notes: "done" })).json()).toEqual({ ...about, notes: "done" });
    await put(url, { title: "", notes: "" });
    expect((await get("/api/jobs/model")).json()).not.toHaveProperty("title");
  });

  test("are texts of a size that fits, of jobs that exist", async () => {
    expect((await put(url, { title: "x".repeat(101), notes: "" })).statusCode).toBe(400);
    expect((await put(url, { title: "x", notes: "", pid: 1 })).statusCode).toBe(400);
    expect((await put("/api/jobs/nothing/about", { title: "x", notes: "" })).statusCode).toBe(404);
  });

  test("belong to datasets, too", async () => {
    await put("/api/jobs/tiny/about", { title: "Tiny squares", notes: "made up" });
    expect((await get("/api/jobs/tiny")).json()).toMatchObject({ title: "Tiny squares" });
  });
});

describe("a training that runs", () => {
  beforeAll(async () => {
    const folder = at("jobs", "model");
    await writeJobRecord(folder, {
      ...inStatus(readJobRecord(folder), "running"),
      pid: process.pid,
    });
    const record = { epoch: 0, phase: "train", values: { loss: 1 }, lr: 1 } as const;
    for (const iter of [0, 1, 2])
      appendMetric(at("jobs", "model", "metrics.jsonl"), { ...record, iter, time: iter / 4 });
  });

  test("tells its speed and when it will be done", async () => {
    const { iter, speed, eta } = (await get("/api/jobs/model")).json();
    expect({ iter, speed, eta }).toEqual({ iter: 2, speed: 4, eta: 0.25 });
  });

  test.runIf(process.platform === "linux")(
    "shows what it takes of processor and memory (Linux)",
    async () => {
      const first = (await get("/api/jobs/model/gauges")).json();
      expect(first.memory).toBeGreaterThan(10e6);
      expect(first.memoryTotal).toBeGreaterThan(first.memoryFree);
      const end = performance.now() + 300;
      while (performance.now() < end);
      const second = (await get("/api/jobs/model/gauges")).json();
      expect(second.cores).toBeGreaterThan(0);
      expect(second.cores).toBeLessThan(2 * second.coreCount);
    },
  );

  test("has gauges only while it runs", async () => {
    expect((await get("/api/jobs/tiny/gauges")).statusCode).toBe(409);
  });
});

test("a GPU's line is read, and one that says nothing is none", () => {
  expect(gpuOf("37, 1024, 81559, 45\n")).toEqual({
    ...{ use: 0.37, memory: 2 ** 30, memoryTotal: 81559 * 2 ** 20, celsius: 45 },
  });
  expect(gpuOf("[N/A], [N/A], [N/A], 45")).toBeUndefined();
  expect(gpuOf("")).toBeUndefined();
});

test("jobs that wait know how many go before them", async () => {
  mkdirSync(at("queue"));
  const program = "data:text/javascript,";
  const queue = new TaskQueue({
    files: new TaskFiles(at("queue")),
    program,
    cwd: at(),
    parallel: 0,
  });
  for (const id of ["a", "b"]) await queue.add({ id, kind: "model", commands: [["x"]] });
  expect(["a", "b", "c"].map((id) => queue.ahead(id))).toEqual([0, 1, undefined]);
  await queue.close();
});
