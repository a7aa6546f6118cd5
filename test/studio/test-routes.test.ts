/** @file The routes that test a trained model, with real processes behind them. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildApp } from "../../src/studio/server/app.ts";
import { LOOPBACK } from "../../src/studio/server/guard.ts";
import type { EvaluationInfo, TestResult } from "../../src/studio/test-types.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { writeTinyDataset } from "../support/tiny-dataset.ts";
import { writeTrainedJob } from "../support/trained-job.ts";

const at = temporaryFolder("studio-test");
const headers = { host: "127.0.0.1:5000" };
const WAIT = { timeout: 30_000, interval: 100 };
let app: FastifyInstance;

const get = (url: string) => app.inject({ method: "GET", url, headers });
const post = (url: string, payload?: object) =>
  app.inject({ method: "POST", url, headers, ...(payload ? { payload } : {}) });

async function upload(name: string, payload: Buffer): Promise<string> {
  const reply = await app.inject({
    ...{ method: "PUT", url: `/api/uploads/${name}`, payload },
    headers: { ...headers, "content-type": "application/octet-stream" },
  });
  return reply.json().upload;
}

const bytes = (base64: string) => [...Buffer.from(base64, "base64")];

beforeAll(async () => {
  for (const name of ["jobs", "data"]) mkdirSync(at(name));
  await writeTinyDataset(at("jobs", "tiny"));
  await writeTrainedJob(at("jobs", "tiny"), at("jobs", "model"));
  app = buildApp({ jobs: at("jobs"), data: [at("data")], hosts: LOOPBACK, token: undefined });
});
afterAll(() => app.close());

describe("a test of one image", () => {
  test("names the record, finds what the label has, and brings both maps", async () => {
    const reply = await post("/api/models/model/test", { record: { stage: "val", index: 1 } });
    const result: TestResult = reply.json();
    expect(result).toMatchObject({ title: "image-07", iter: 3, width: 8, height: 8, channels: 1 });
    expect(result.classNames).toEqual(["dark", "bright"]);
    expect(result.palette).toEqual([
      [0, 0, 0],
      [255, 255, 255],
    ]);
    expect(result.window).toEqual({ low: 0, high: 255 });
    expect(result.scores.find((score) => score.class === 1)).toMatchObject({ dice: 1, iou: 1 });
    expect(result.classes).toBe(result.label);
    expect(bytes(result.image)).toEqual(bytes(result.classes).map((found) => (found ? 200 : 20)));
    expect(result.layers).toBeUndefined();
  });

  test("takes the snapshot that is asked for, and shows its dead layer", async () => {
    const asked = { record: { stage: "train", index: 0 }, iter: 1, layers: true };
    const result: TestResult = (await post("/api/models/model/test", asked)).json();
    expect(result.iter).toBe(1);
    const score = result.layers?.find(({ name }) => name === "score");
    expect(score?.weights).toMatchObject({ shape: [2, 1, 1, 1], dead: { count: 2, of: 2 } });
    const [activation] = score!.activations;
    expect(activation).toMatchObject({ blob: "score", dead: { count: 2, of: 2 } });
    expect(Buffer.from(activation!.tiles!.png, "base64").subarray(1, 4).toString()).toBe("PNG");
  });

  test("takes an uploaded image, and keeps it no longer than that", async () => {
    const pixels = Uint8Array.from({ length: 48 }, (_, i) => (i < 10 ? 200 : 20));
    const raw = { width: 8, height: 6, channels: 1 } as const;
    const ticket = await upload("image.png", await sharp(pixels, { raw }).png().toBuffer());
    const asked = { upload: ticket, name: "<b>mine</b>.png" };
    const result: TestResult = (await post("/api/models/model/test", asked)).json();
    expect(result).toMatchObject({ title: "<b>mine</b>.png", width: 8, height: 6 });
    expect(bytes(result.classes).reduce((sum, found) => sum + found, 0)).toBe(10);
    expect(result.label).toBeUndefined();
    expect(readdirSync(at("jobs", ".studio", "uploads"))).toEqual([]);
    expect((await post("/api/models/model/test", asked)).statusCode).toBe(400);
  });

  test("says in one sentence why it cannot be made", async () => {
    const model = "/api/models/model/test";
    const sentence = async (asked: object, url = model) => {
      const reply = await post(url, asked);
      return [reply.statusCode, Object.values(reply.json().errors).flat().join()];
    };
    const record = { stage: "val", index: 99 };
    expect(await sentence({ record })).toEqual([422, "record 99 of val_db does not exist"]);
    expect(await sentence({})).toEqual([400, "choose a record or a file to test"]);
    const iter = { iter: 7, record: { stage: "val", index: 0 } };
    expect((await sentence(iter))[1]).toMatch(/has no snapshot of iteration 7; it has 3, 1$/);
    const ticket = await upload("note.txt", Buffer.from("no image"));
    const [status, said] = await sentence({ upload: ticket, name: "my note.txt" });
    expect(status).toBe(422);
    // By the user's name of it, and not where it lay on this machine.
    expect(said).toContain("my note.txt");
    expect(said).not.toContain(at("jobs"));
    expect((await sentence({ record }, "/api/models/tiny/test"))[0]).toBe(404);
    expect((await sentence({ record, path: "/etc/passwd" }))[0]).toBe(400);
  });
});

describe("a test of a whole set", () => {
  const base = "/api/models/model/evaluations";
  const list = async (): Promise<EvaluationInfo[]> => (await get(base)).json();
  const statusOf = async (iter: number, stage: string) =>
    (await list()).find((info) => info.iter === iter && info.stage === stage)?.status;

  test("runs as a task beside everything else, and ends in a table, worst first", async () => {
    expect(await list()).toEqual([]);
    expect((await post(`${base}/3/val`)).statusCode).toBe(201);
    expect(["waiting", "running"]).toContain(await statusOf(3, "val"));
    // It is not in the list of jobs.
    const jobs = (await get("/api/jobs")).json();
    expect(jobs.map(({ id }: { id: string }) => id).sort()).toEqual(["model", "tiny"]);
    await expect.poll(() => statusOf(3, "val"), WAIT).toBe("done");
    const [info] = await list();
    expect(info).toMatchObject({ epoch: 1, progress: 1 });
    expect(info!.summary).toMatchObject({ records: 3, meanDice: 1, missed: 0 });
    const detail = (await get(`${base}/3/val`)).json();
    expect(detail.records).toHaveLength(3);
    expect(detail.records[0]).toMatchObject({ facts: { id: expect.stringMatching(/^image-0/) } });
    const csv = await get(`${base}/3/val/csv`);
    expect(csv.headers["content-disposition"]).toContain('filename="model-iter_3-val.csv"');
    expect(csv.body.split("\r\n")[0]).toBe(
      "record,id,dice,iou,bright predicted pixels,bright labelled pixels,bright dice",
    );
    expect(csv.body.split("\r\n")).toHaveLength(5);
  });

  test("of the snapshot that knows nothing misses every object", async () => {
    await post(`${base}/1/train`);
    await expect.poll(() => statusOf(1, "train"), WAIT).toBe("done");
    const info = (await list()).find(({ iter }) => iter === 1);
    expect(info!.summary).toMatchObject({ records: 6, meanDice: 0, missed: 6 });
    expect((await list()).map(({ iter }) => iter)).toEqual([3, 1]);
  });

  test("is aborted, leaves nothing, and can be started again", async () => {
    await post(`${base}/1/val`);
    expect((await post(`${base}/1/val`)).statusCode).toBe(409);
    expect((await post(`${base}/1/val/abort`)).statusCode).toBe(200);
    expect(await statusOf(1, "val")).toBe("aborted");
    expect((await post(`${base}/1/val/abort`)).statusCode).toBe(409);
    expect((await get(`${base}/1/val`)).statusCode).toBe(404);
    expect(existsSync(at("jobs", "model", "evaluations", "iter_1-val.json"))).toBe(false);
    await post(`${base}/1/val`);
    await expect.poll(() => statusOf(1, "val"), WAIT).toBe("done");
  });

  test("says why it failed", async () => {
    writeFileSync(at("jobs", "model", "snapshot_iter_2.caffemodel"), "damaged");
    await post(`${base}/2/val`);
    await expect.poll(() => statusOf(2, "val"), WAIT).toBe("error");
    const info = (await list()).find(({ iter }) => iter === 2);
    expect(info!.error).toContain("snapshot_iter_2.caffemodel");
  });

  test("needs a snapshot, a stage and a model that there are", async () => {
    expect((await post(`${base}/9/val`)).statusCode).toBe(404);
    expect((await post(`${base}/3/test`)).statusCode).toBe(400);
    expect((await post(`${base}/3/..%2fval`)).statusCode).toBe(400);
    expect((await post("/api/models/tiny/evaluations/3/val")).statusCode).toBe(404);
  });

  test("is live, and survives a restart of the studio", async () => {
    await app.close();
    const options = { jobs: at("jobs"), data: [], hosts: LOOPBACK, token: undefined };
    app = buildApp(options);
    expect((await list()).map(({ iter, stage, status }) => [iter, stage, status])).toEqual([
      [3, "val", "done"],
      [2, "val", "error"],
      [1, "val", "done"],
      [1, "train", "done"],
    ]);
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    const stream = await fetch(`${url}${base}/events`);
    const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!/event: evaluations\ndata: .*\n\n/.test(text))
      text += (await reader.read()).value ?? "";
    await reader.cancel();
    expect(JSON.parse(/data: (.*)\n/.exec(text)![1]!)).toHaveLength(4);
  });

  test("goes with its model", async () => {
    await post(`${base}/3/train`);
    const gone = await app.inject({ method: "DELETE", url: "/api/jobs/model", headers });
    expect(gone.statusCode).toBe(200);
    expect(existsSync(at("jobs", "model"))).toBe(false);
    expect(readdirSync(at("jobs", ".studio", "evaluations", "tasks"))).not.toContain(
      "3-train-model.json",
    );
  });
});
