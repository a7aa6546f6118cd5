/** @file The routes that make datasets and look at them, with real commands behind them. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildApp } from "../../src/studio/server/app.ts";
import { LOOPBACK } from "../../src/studio/server/guard.ts";
import type { DatasetOverview, RecordDetail } from "../../src/studio/dataset-types.ts";
import { hasShared, sharedPath } from "../support/shared.ts";
import { temporaryFolder } from "../support/temporary.ts";

const at = temporaryFolder("studio-datasets");
const headers = { host: "127.0.0.1:5000" };
const WAIT = { timeout: 30_000, interval: 100 };
const SIZE = 8;
let app: FastifyInstance;

const get = (url: string) => app.inject({ method: "GET", url, headers });
const post = (url: string, payload?: object) =>
  app.inject({ method: "POST", url, headers, ...(payload ? { payload } : {}) });
const statusOf = async (id: string) => (await get(`/api/jobs/${id}`)).json().status;

/** A gray image as a file. */
async function writeImage(path: string, value: (index: number) => number): Promise<void> {
  const pixels = Uint8Array.from({ length: SIZE * SIZE }, (_, i) => value(i));
  const raw = { width: SIZE, height: SIZE, channels: 1 } as const;
  writeFileSync(path, await sharp(pixels, { raw }).png().toBuffer());
}

/** Two patients of three slices each; the label of slice n has n pixels of 255. */
async function writePairs(folder: string): Promise<void> {
  for (const name of ["images", "labels"]) mkdirSync(at("data", folder, name), { recursive: true });
  for (const patient of ["P1", "P2"]) {
    for (const slice of [1, 2, 3]) {
      const file = `${patient}-IM-${slice}.png`;
      await writeImage(at("data", folder, "images", file), (i) => 3 * i);
      await writeImage(at("data", folder, "labels", file), (i) => (i < slice ? 255 : 0));
    }
  }
}

const form = () => ({
  ...{ kind: "images", name: "pairs", valPercent: 34, split: "patient", seed: 1 },
  ...{ images: at("data", "all", "images"), labels: at("data", "all", "labels") },
});

beforeAll(async () => {
  for (const name of ["jobs", "data", "secret"]) mkdirSync(at(name));
  mkdirSync(at("data", "empty"));
  await writePairs("all");
  await writePairs("val");
  writeFileSync(at("data", "names.txt"), "tissue\nheart\n");
  const roots = hasShared ? [sharedPath("data")] : [];
  const data = [at("data"), ...roots];
  app = buildApp({ jobs: at("jobs"), data, hosts: LOOPBACK, token: undefined });
});
afterAll(() => app.close());

describe("a dataset's form", () => {
  test("is checked before anything is made: how many records, whose patients", async () => {
    const { name: _, ...sources } = form();
    const reply = await post("/api/datasets/check", sources);
    expect(reply.json()).toEqual({
      ...{ train: 3, val: 3, cases: 2, sharedCases: 0, leftOut: [], leftOutCount: 0 },
    });
    const slices = await post("/api/datasets/check", { ...sources, split: "slice" });
    expect(slices.json()).toMatchObject({ train: 4, val: 2 });
    const phantom = await post("/api/datasets/check", { kind: "phantom" });
    expect(phantom.json()).toMatchObject({ train: 173, val: 19, cases: 12 });
  });

  test.each([
    ["labels", () => ({ labels: at("data", "empty") }), /holds no images/],
    ["images", () => ({ images: at("data", "empty") }), /holds no images/],
    ["images", () => ({ images: at("data", "names.txt") }), /is no folder/],
    ["images", () => ({ images: at("data", "nowhere") }), /does not exist/],
    ["labels", () => ({ labels: at("secret") }), /outside the folders of the studio/],
    ["valLabels", () => ({ valImages: at("data", "val", "images") }), /choose the folder/],
    ["valImages", () => ({ valImages: at("secret"), valLabels: at("data") }), /outside/],
    ["", () => ({ labels: at("data") }), /must match by name/],
  ])("says at the field %j what is wrong", async (field, change, sentence) => {
    for (const url of ["/api/datasets", "/api/datasets/check"]) {
      const { name, ...sources } = { ...form(), ...change() };
      const body = url === "/api/datasets" ? { ...sources, name } : sources;
      const reply = await post(url, body);
      expect(reply.statusCode).toBeGreaterThanOrEqual(400);
      expect(reply.json().errors).toEqual({ [field]: [expect.stringMatching(sentence)] });
    }
    expect((await get("/api/jobs/pairs")).statusCode).toBe(404);
  });

  test.each([
    ["classLabels", { classLabels: "/etc/passwd" }],
    ["colormap", { colormap: "/etc/passwd" }],
    ["resize", { resize: "0x8" }],
    ["labelValues", { labelValues: "0;--out=/tmp" }],
    ["valPercent", { valPercent: 101 }],
  ])("refuses values that it cannot use, at their field: %s", async (field, change) => {
    const reply = await post("/api/datasets", { ...form(), ...change });
    expect(reply.statusCode).toBeGreaterThanOrEqual(400);
    expect(Object.keys(reply.json().errors)).toEqual([field]);
  });

  test("runs no regular expression of the user's in the server", async () => {
    const { name: _, ...sources } = form();
    const slow = { ...sources, groupRegex: "^(([A-Z]|P)+)+$" };
    expect((await post("/api/datasets/check", slow)).json()).toMatchObject({ cases: 0 });
  });
});

describe("a dataset", () => {
  test("is made with every field of the form, and its clone fills the form again", async () => {
    const asked = {
      ...{ ...form(), channels: "RGB", labelEncoding: "png", classLabels: at("data", "names.txt") },
      ...{ valImages: at("data", "val", "images"), valLabels: at("data", "val", "labels") },
      ...{ labelValues: "0,255", resize: "16x12" },
    };
    expect((await post("/api/datasets", asked)).statusCode).toBe(201);
    await expect.poll(() => statusOf("pairs"), WAIT).toBe("done");
    const detail = (await get("/api/jobs/pairs")).json();
    expect(detail).toMatchObject({ train: 6, val: 6, shape: [3, 12, 16], labelShape: [1, 12, 16] });
    expect(detail.form).toEqual({ ...asked, encoding: "none" });
  });

  test("shows the balance of its classes, its patients and its mean", async () => {
    expect(
      (await post("/api/datasets", { ...form(), name: "plain", channels: "L" })).statusCode,
    ).toBe(201);
    await expect.poll(() => statusOf("plain"), WAIT).toBe("done");
    const overview: DatasetOverview = (await get("/api/datasets/plain/overview")).json();
    expect(overview).toMatchObject({ sharedCases: 0, encodings: { features: "none" } });
    expect(overview.mean).toEqual([expect.closeTo((3 * (SIZE * SIZE - 1)) / 2)]);
    const [train, val] = overview.stages;
    expect([train!.cases, val!.cases]).toEqual([1, 1]);
    expect(train!.classes[1]).toMatchObject({
      ...{ name: "foreground", pixels: 6, color: [255, 255, 255] },
      share: 6 / (3 * SIZE * SIZE),
    });
    expect(train).toMatchObject({ features: "train_db/features", labels: "train_db/labels" });
    const mean = await get("/api/datasets/plain/mean");
    expect(await sharp(mean.rawPayload).metadata()).toMatchObject({ width: SIZE, format: "png" });
    expect((await get("/api/datasets/nothing/overview")).statusCode).toBe(404);
    expect((await get("/api/datasets/nothing/mean")).statusCode).toBe(404);
  });

  test("shows a record as it is, with outlines, or its classes, enlarged", async () => {
    const picture = async (query: string) => {
      const reply = await get(`/api/datasets/plain/picture?stage=train&index=0&${query}`);
      return sharp(reply.rawPayload).raw().toBuffer({ resolveWithObject: true });
    };
    const image = await picture("show=image&scale=2");
    expect(image.info).toMatchObject({ width: 2 * SIZE, height: 2 * SIZE });
    const mask = await picture("show=mask");
    const white = mask.data.filter((value) => value === 255).length / mask.info.channels;
    const { classes, title, facts }: RecordDetail = (
      await get("/api/datasets/plain/record?stage=train&index=0")
    ).json();
    expect(classes[1]).toMatchObject({ name: "foreground", pixels: white });
    expect(facts.case).toMatch(/^P[12]$/);
    expect(title).toBe(facts.image);
    const outlined = await picture("show=outline");
    expect(outlined.data.equals(image.data)).toBe(false);
    const wrong = "/api/datasets/plain/picture?stage=train&index=0&scale=99";
    expect((await get(wrong)).statusCode).toBe(400);
    expect((await get("/api/datasets/plain/record?stage=val&index=99")).statusCode).toBe(404);
  });

  test("is aborted while it is made, and leaves nothing", async () => {
    const phantom = { kind: "phantom", name: "large", patients: 200 };
    expect((await post("/api/datasets", phantom)).statusCode).toBe(201);
    await expect.poll(() => statusOf("large"), WAIT).toBe("running");
    expect((await post("/api/jobs/large/abort")).statusCode).toBe(200);
    await expect.poll(() => statusOf("large"), WAIT).toBe("aborted");
    await expect.poll(() => existsSync(at("jobs", "large", "dataset.json")), WAIT).toBe(false);
  });

  const withoutShared = hasShared ? "" : " (skipped: ../shared is absent)";
  test.skipIf(withoutShared)(
    `of Sunnybrook names case and slice, keeps 16 bits, and tells no patient's data${withoutShared}`,
    async () => {
      const folder = sharedPath("data", "sunnybrook");
      const asked = {
        ...{ kind: "sunnybrook", name: "Sunnybrook-grayscale", channels: "L" },
        images: `${folder}/challenge_training`,
        contours: `${folder}/Sunnybrook Cardiac MR Database ContoursPart3`,
      };
      expect((await post("/api/datasets", asked)).statusCode).toBe(201);
      await expect.poll(() => statusOf(asked.name), WAIT).toBe("done");
      const base = `/api/datasets/${asked.name}`;
      const found = (await get(`${base}/records?stage=train&filter=sc-hf-i-2`)).json();
      expect(found.total).toBeGreaterThan(10);
      expect(found.records[0].title).toMatch(/^SC-HF-I-2, slice \d+$/);
      const { index } = found.records[0];
      const detail: RecordDetail = (await get(`${base}/record?stage=train&index=${index}`)).json();
      expect(detail.max).toBeGreaterThan(255);
      expect(detail.window.high).toBeLessThan(detail.max);
      expect(Object.keys(detail.facts)).toEqual([
        ...["case", "instance", "image", "contour", "rowMm", "columnMm"],
      ]);
      const overview: DatasetOverview = (await get(`${base}/overview`)).json();
      expect(overview.sharedCases).toBe(3);
      const file = readFileSync(at("jobs", asked.name, "dataset.json"), "utf8");
      expect(file).not.toMatch(/birth|PatientName|PatientID/i);
    },
  );
});
