/** @file Lives of jobs with the real commands: phantoms, sweeps, trainings of the command line, deletion. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { prepareJob } from "../../src/job/prepare-job.ts";
import { defaultSettings } from "../../src/job/settings.ts";
import { buildApp } from "../../src/studio/server/app.ts";
import { LOOPBACK } from "../../src/studio/server/guard.ts";
import { hasProgram, startProgram } from "../support/program.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { tinyNetwork, writeTinyDataset } from "../support/tiny-dataset.ts";

const at = temporaryFolder("life");
const dice = fileURLToPath(new URL("../../layers/dice.ts", import.meta.url));
const PATIENCE = { timeout: 25_000 };
let app: FastifyInstance;

const headers = { host: "localhost" };
const ask = (method: "GET" | "POST" | "DELETE", url: string, payload?: object) =>
  app.inject({ method, url, headers, ...(payload ? { payload } : {}) });
const statusOf = (id: string) => async () => (await ask("GET", `/api/jobs/${id}`)).json().status;
const errorOf = (reply: { json(): { errors: Record<string, string[]> } }) =>
  Object.values(reply.json().errors)[0]![0];

beforeAll(async () => {
  mkdirSync(at("jobs"));
  await writeTinyDataset(at("jobs", "tiny"));
  writeFileSync(at("network.prototxt"), tinyNetwork());
  app = buildApp({ jobs: at("jobs"), data: [], hosts: LOOPBACK, token: undefined });
});
afterAll(() => app.close());

/** A model that is prepared, and not trained. */
async function prepared(name: string, changed: object = {}): Promise<void> {
  const settings = { ...defaultSettings, dataset: at("jobs", "tiny"), network: "network" };
  await prepareJob({
    settings: { ...settings, layers: [dice], mean: "none", ...changed },
    networkText: tinyNetwork(),
    out: at("jobs", name),
  });
}

const needsProgram = hasProgram ? "" : " (skipped: the program is not built)";

describe.skipIf(!hasProgram)(`with the built program${needsProgram}`, () => {
  test("a phantom leaves nothing behind when it is deleted, and its clone is a phantom", async () => {
    const form = { kind: "phantom", name: "ghost", patients: 2, channels: "L", valPercent: 25 };
    expect((await ask("POST", "/api/datasets", form)).statusCode).toBe(201);
    await expect.poll(statusOf("ghost"), PATIENCE).toBe("done");
    const { form: again } = (await ask("GET", "/api/jobs/ghost")).json();
    expect(again).toEqual(form);
    expect(existsSync(at("jobs", "ghost-files"))).toBe(true);

    // Another dataset of the same files keeps them.
    const images = at("jobs", "ghost-files", "challenge_training");
    const contours = at("jobs", "ghost-files", "Sunnybrook Cardiac MR Database ContoursPart3");
    const other = { kind: "sunnybrook", name: "other", images, contours, channels: "RGB" };
    expect((await ask("POST", "/api/datasets", other)).statusCode).toBe(201);
    await expect.poll(statusOf("other"), PATIENCE).toBe("done");
    expect((await ask("DELETE", "/api/jobs/ghost")).statusCode).toBe(200);
    expect(existsSync(at("jobs", "ghost"))).toBe(false);
    expect(existsSync(images)).toBe(true);

    await ask("POST", "/api/datasets", { ...form, name: "ghost-2" });
    await expect.poll(statusOf("ghost-2"), PATIENCE).toBe("done");
    await ask("DELETE", "/api/jobs/ghost-2");
    expect(existsSync(at("jobs", "ghost-2-files"))).toBe(false);
    expect((await ask("GET", "/api/jobs/ghost-2")).statusCode).toBe(404);
  }, 90_000);

  test("a dataset that cannot be made says why, and can be deleted", async () => {
    const images = at("jobs", "garbage");
    mkdirSync(images);
    writeFileSync(join(images, "a.png"), "no image");
    const form = { kind: "images", name: "broken", images, labels: images };
    expect((await ask("POST", "/api/datasets", form)).statusCode).toBe(201);
    await expect.poll(statusOf("broken"), PATIENCE).toBe("error");
    const { error } = (await ask("GET", "/api/jobs/broken")).json();
    expect(error).toContain("none of the 1 records could be read");
    expect((await ask("DELETE", "/api/jobs/broken")).statusCode).toBe(200);
    expect((await ask("GET", "/api/jobs/broken")).statusCode).toBe(404);
  });

  test("rates and batch sizes make a model for each pair; one trains, the others wait", async () => {
    const upload = await app.inject({
      ...{ method: "PUT", url: "/api/uploads/dice.ts", payload: readFileSync(dice) },
      headers: { ...headers, "content-type": "application/octet-stream" },
    });
    const reply = await ask("POST", "/api/models", {
      ...{ name: "sweep", dataset: "tiny", network: tinyNetwork(), layers: [upload.json()] },
      ...{ weights: [], epochs: 400, learningRates: [0.1, 0.01], batchSizes: [1, 2], mean: "none" },
      ...{ policy: { policy: "fixed" }, snapshotInterval: 0 },
    });
    const { jobs } = reply.json();
    expect(jobs).toEqual([
      ...["sweep-lr0.1-batch1", "sweep-lr0.1-batch2", "sweep-lr0.01-batch1", "sweep-lr0.01-batch2"],
    ]);
    const statuses = () => Promise.all(jobs.map((id: string) => statusOf(id)()));
    expect(await statuses()).toEqual(["running", "waiting", "waiting", "waiting"]);
    expect(errorOf(await ask("DELETE", `/api/jobs/${jobs[1]}`))).toContain("is waiting; abort it");
    expect(errorOf(await ask("DELETE", `/api/jobs/${jobs[0]}`))).toContain("is running; abort it");
    for (const id of jobs.slice(1)) await ask("POST", `/api/jobs/${id}/abort`);
    expect((await statuses()).slice(1)).toEqual(["initialized", "initialized", "initialized"]);
    const settings = (await ask("GET", `/api/jobs/${jobs[3]}`)).json().settings;
    expect(settings).toMatchObject({ learningRate: 0.01, batchSize: 2 });
    await expect.poll(statusOf(jobs[0]), PATIENCE).toBe("running");
    await ask("POST", `/api/jobs/${jobs[0]}/abort`);
    await expect.poll(statusOf(jobs[0]), PATIENCE).toMatch(/aborted|initialized/);
  }, 60_000);

  test("a training of the command line is seen, aborted, and resumed here", async () => {
    const words = ["fit", "--dataset=jobs/tiny", "--network=network.prototxt", `--layers=${dice}`];
    const more = ["--epochs=100000", "--mean=none", "--snapshot-interval=0", "--val-interval=0"];
    const training = startProgram(at("."), [...words, ...more, "--out=jobs/by-hand"]);
    onTestFinished(() => void training.child.kill("SIGKILL"));
    await expect.poll(statusOf("by-hand"), PATIENCE).toBe("running");
    expect(errorOf(await ask("DELETE", "/api/jobs/by-hand"))).toContain("is running; abort it");
    expect(errorOf(await ask("POST", "/api/models/by-hand/resume"))).toContain("is running");
    expect((await ask("POST", "/api/jobs/by-hand/abort")).statusCode).toBe(200);
    expect(await training.exit).toBe(0);
    expect(await statusOf("by-hand")()).toBe("aborted");
    const before = (await ask("GET", "/api/jobs/by-hand")).json().snapshots[0].iter;
    expect((await ask("POST", "/api/models/by-hand/resume")).json().status).toMatch(
      /running|waiting/,
    );
    await expect.poll(statusOf("by-hand"), PATIENCE).toBe("running");
    await new Promise((resolve) => setTimeout(resolve, 500));
    await ask("POST", "/api/jobs/by-hand/abort");
    await expect.poll(statusOf("by-hand"), PATIENCE).toBe("aborted");
    const after = (await ask("GET", "/api/jobs/by-hand")).json().snapshots[0].iter;
    expect(after).toBeGreaterThanOrEqual(before);
  }, 60_000);
});

describe("a job", () => {
  test("that is trained by another program than cortado is not interrupted", async () => {
    await prepared("foreign");
    const file = at("jobs", "foreign", "job.json");
    const record = JSON.parse(readFileSync(file, "utf8"));
    const { pid } = startSleep();
    writeFileSync(file, JSON.stringify({ ...record, status: "running", pid }));
    const reply = await ask("POST", "/api/jobs/foreign/abort");
    expect(reply.statusCode).toBe(409);
    expect(errorOf(reply)).toContain(`is trained by another program, process ${pid}`);
    expect(() => process.kill(pid, 0)).not.toThrow();
  });

  test("that does not run is not aborted", async () => {
    await prepared("still");
    expect(errorOf(await ask("POST", "/api/jobs/still/abort"))).toBe("still does not run");
    expect((await ask("POST", "/api/jobs/nothing/abort")).statusCode).toBe(404);
  });

  test("whose process was killed is interrupted, and may be resumed", async () => {
    await prepared("killed");
    const file = at("jobs", "killed", "job.json");
    const record = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(file, JSON.stringify({ ...record, status: "running", pid: 2 ** 30 }));
    const job = (await ask("GET", "/api/jobs/killed")).json();
    expect(job).toMatchObject({ status: "interrupted", error: expect.stringContaining("killed") });
    expect((await ask("DELETE", "/api/jobs/killed")).statusCode).toBe(200);
  });

  test("that a waiting model starts from is not deleted", async () => {
    await prepared("teacher");
    const weights = at("jobs", "teacher", "snapshot_iter_3.caffemodel");
    writeFileSync(weights, "");
    await prepared("pupil", { weights: [weights] });
    const reply = await ask("DELETE", "/api/jobs/teacher");
    expect(errorOf(reply)).toBe("teacher is the pretrained weights of pupil; delete these first");
    await ask("DELETE", "/api/jobs/pupil");
    expect((await ask("DELETE", "/api/jobs/teacher")).statusCode).toBe(200);
  });
});

function startSleep(): { pid: number } {
  const child = spawn("sleep", ["60"]);
  onTestFinished(() => void child.kill());
  return { pid: child.pid! };
}
