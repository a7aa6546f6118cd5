/** @file The studio's routes, asked as a browser and as an attacker would; no training runs here. */
import { copyFileSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { prepareJob } from "../../src/job/prepare-job.ts";
import { defaultSettings } from "../../src/job/settings.ts";
import { buildApp } from "../../src/studio/server/app.ts";
import { LOOPBACK } from "../../src/studio/server/guard.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { tinyNetwork, writeTinyDataset } from "../support/tiny-dataset.ts";

const at = temporaryFolder("studio");
let app: FastifyInstance;

const local = { host: "127.0.0.1:5000" };
const get = (url: string, headers: Record<string, string> = {}) =>
  app.inject({ method: "GET", url, headers: { ...local, ...headers } });
const post = (url: string, payload: object, headers: Record<string, string> = {}) =>
  app.inject({ method: "POST", url, payload, headers: { ...local, ...headers } });
const put = (name: string, payload: Buffer) =>
  app.inject({
    method: "PUT",
    url: `/api/uploads/${encodeURIComponent(name)}`,
    payload,
    headers: { ...local, "content-type": "application/octet-stream" },
  });

const form = {
  ...{ name: "next", dataset: "tiny", network: tinyNetwork(), layers: [], weights: [] },
  ...{ epochs: 1, learningRates: [0.5], policy: { policy: "fixed" }, mean: "none" },
};

beforeAll(async () => {
  for (const name of ["jobs", "data", "secret"]) mkdirSync(at(name));
  writeFileSync(at("secret", "key.txt"), "top secret");
  symlinkSync(at("secret"), at("data", "link"));
  await writeTinyDataset(at("jobs", "tiny"));
  const dice = fileURLToPath(new URL("../../layers/dice.ts", import.meta.url));
  copyFileSync(dice, at("data", "dice.ts"));
  const settings = { ...defaultSettings, dataset: at("jobs", "tiny"), network: "network" };
  const layers = [at("data", "dice.ts")];
  await prepareJob({
    settings: { ...settings, layers, epochs: 1 },
    networkText: tinyNetwork(),
    out: at("jobs", "model"),
  });
  symlinkSync(at("secret", "key.txt"), at("jobs", "model", "key.txt"));
  app = buildApp({
    ...{ jobs: at("jobs"), data: [at("data")], hosts: LOOPBACK, token: undefined },
    uploadLimit: 1000,
  });
});
afterAll(() => app.close());

describe("the studio's jobs", () => {
  test("are the folders that the command line writes", async () => {
    const jobs = (await get("/api/jobs")).json();
    expect(jobs.map(({ id, kind, status }: Record<string, string>) => [id, kind, status])).toEqual([
      ["model", "model", "initialized"],
      ["tiny", "dataset", "done"],
    ]);
  });

  test("show a dataset's counts, shapes and share of each class", async () => {
    const detail = (await get("/api/jobs/tiny")).json();
    expect(detail).toMatchObject({ train: 6, val: 3, shape: [1, 8, 8], usedBy: ["model"] });
    expect(detail.classShares[0] + detail.classShares[1]).toBeCloseTo(1);
  });

  test("show a model's settings, files and custom layers", async () => {
    const detail = (await get("/api/jobs/model")).json();
    expect(detail).toMatchObject({ dataset: "tiny", maxIter: 3, layerFiles: ["dice.ts"] });
    expect((await get("/api/jobs/model/files/original.prototxt")).body).toBe(tinyNetwork());
  });

  test("that are used by others are not deleted", async () => {
    const reply = await app.inject({ method: "DELETE", url: "/api/jobs/tiny", headers: local });
    expect(reply.statusCode).toBe(409);
    expect(reply.json().errors[""][0]).toContain("is the dataset of model");
  });

  test("say what is missing", async () => {
    expect((await get("/api/jobs/nothing")).statusCode).toBe(404);
    expect((await get("/api/jobs/tiny/files/nothing")).statusCode).toBe(404);
  });
});

describe("records", () => {
  test("are listed by stage, filtered by name", async () => {
    const page = (await get("/api/datasets/tiny/records?stage=train&filter=IMAGE-03")).json();
    expect(page).toEqual({ total: 1, records: [{ index: 3, title: "image-03" }] });
  });

  test("are pictures", async () => {
    const reply = await get("/api/datasets/tiny/picture?stage=val&index=0");
    expect(reply.headers["content-type"]).toBe("image/png");
    expect(reply.rawPayload.subarray(1, 4).toString()).toBe("PNG");
    expect((await get("/api/datasets/tiny/picture?stage=val&index=99")).statusCode).toBe(404);
  });
});

describe("the check of a network", () => {
  const check = (more: object) =>
    post("/api/check", { network: tinyNetwork(), layers: [], weights: [], ...more });

  test("runs in another process, with the files that the form names", async () => {
    const layers = [{ job: "model", file: "dice.ts" }];
    const { problem, parameters, missingLayers } = (
      await check({ dataset: "tiny", layers })
    ).json();
    expect({ problem, parameters, missingLayers }).toEqual({ parameters: 4, missingLayers: [] });
  });

  test("takes no files from outside", async () => {
    for (const field of ["layers", "weights"]) {
      const reply = await check({ [field]: [{ path: at("secret", "key.txt") }] });
      expect(reply.statusCode).toBe(403);
    }
  });
});

describe("forms", () => {
  test("are refused with a sentence at the field", async () => {
    const taken = await post("/api/models", { ...form, name: "model" });
    expect(taken.json().errors.name).toEqual(["there is a job called model already"]);
    const absent = await post("/api/models", { ...form, dataset: "nothing" });
    expect(absent.statusCode).toBe(404);
    const epochs = await post("/api/models", { ...form, epochs: 0 });
    expect(epochs.statusCode).toBe(400);
    expect(epochs.json().errors).toEqual({ epochs: ["must be 1 or more"] });
    const broken = { learningRates: [0.1, Number.NaN], seed: Number.NaN };
    const said = (await post("/api/models", { ...form, ...broken })).json().errors;
    expect(said).toEqual({ learningRates: ["must be a number"], seed: ["must be a number"] });
    const name = await post("/api/models", { ...form, name: "Müller & Söhne" });
    expect(name.json().errors.name[0]).toContain("use letters, digits, dots, dashes");
    const extra = await post("/api/models", { ...form, command: "rm" });
    expect(extra.statusCode).toBe(400);
  });

  test("say what is wrong with a network, and leave nothing behind", async () => {
    const reply = await post("/api/models", { ...form, network: "layer {" });
    expect(reply.statusCode).toBe(400);
    expect(reply.json().errors[""][0]).toContain("network:1:");
    expect((await get("/api/jobs/next")).statusCode).toBe(404);
  });

  test("make all models of a sweep or none", async () => {
    // A name that leads nowhere is no job, but no job can take it.
    symlinkSync(at("nowhere"), at("jobs", "sweep-lr0.2"));
    const reply = await post("/api/models", { ...form, name: "sweep", learningRates: [0.1, 0.2] });
    expect(reply.statusCode).toBe(400);
    expect(readdirSync(at("jobs")).filter((name) => name.includes("sweep"))).toEqual([
      "sweep-lr0.2",
    ]);
    expect((await get("/api/jobs/sweep-lr0.1")).statusCode).toBe(404);
    rmSync(at("jobs", "sweep-lr0.2"));
  });

  test("need the folders that a dataset is made from", async () => {
    const reply = await post("/api/datasets", { kind: "sunnybrook", name: "x" });
    expect(reply.json().errors).toEqual({ images: ["choose the folder of the images"] });
  });
});

describe("the preview of the first batch", () => {
  const preview = (more: object) => post("/api/preview", { dataset: "tiny", network: "", ...more });
  const size = (png: Buffer) => [png.readUInt32BE(16), png.readUInt32BE(20)];

  test("is a picture of it, twice as high where it is augmented", async () => {
    const plain = await preview({});
    expect(plain.headers["content-type"]).toBe("image/png");
    const [width, height] = size(plain.rawPayload);
    const changed = await preview({ augmentation: { rotate: 90, flipX: true } });
    expect(size(changed.rawPayload)).toEqual([width, 2 * height! + 4]);
    expect((await preview({ augmentation: { rotate: 0 } })).rawPayload).toEqual(plain.rawPayload);
  });

  test("depends on the seed and on the network's own augmentation", async () => {
    const of = async (more: object) => (await preview(more)).rawPayload;
    const augmentation = { noise: 0.5, rotate: 180 };
    expect(await of({ augmentation, seed: 3 })).not.toEqual(await of({ augmentation, seed: 4 }));
    const layer = (top: string) =>
      `layer { name: "${top}" type: "Data" top: "${top}" include { phase: TRAIN } augmentation_param { flip_x: true ${top === "label" ? "content: LABEL" : ""} } }`;
    expect(await of({ network: layer("data") + layer("label") })).not.toEqual(await of({}));
  });

  test("says what is wrong with an augmentation", async () => {
    const reply = await preview({ augmentation: { rotate: 400 } });
    expect(reply.statusCode).toBe(400);
    expect(reply.json().errors[""][0]).toContain("rotate must be from 0 to 180, not 400");
    expect((await preview({ augmentation: { wobble: 1 } })).statusCode).toBe(400);
  });

  test("reads no mean file that a text names", async () => {
    const network = `layer { name: "data" type: "Data" top: "data" include { phase: TRAIN } transform_param { mean_file: "${at("secret", "key.txt")}" } }`;
    expect((await preview({ network })).statusCode).toBe(200);
  });
});

describe("paths", () => {
  const folders = (path: string) => get(`/api/folders?path=${encodeURIComponent(path)}`);

  test("inside the allowed folders are listed", async () => {
    expect((await folders(at("data"))).json()).toMatchObject({ files: ["dice.ts"] });
  });

  test.each([
    ["outside", () => at("secret")],
    ["by two dots", () => `${at("data")}/../secret`],
    ["through a link", () => at("data", "link")],
    ["whose name begins as an allowed one", () => `${at("data")}base`],
    ["of the system", () => "/etc"],
  ])("%s are refused", async (_, path) => {
    const reply = await folders(path());
    expect(reply.statusCode).toBe(403);
    expect(reply.json().errors[""][0]).toContain("outside the folders of the studio");
  });

  test("that are relative or have a zero byte are refused", async () => {
    expect((await folders("data")).statusCode).toBe(400);
    expect((await folders(`${at("data")}\0`)).statusCode).toBe(400);
  });

  test.each(["../secret/key.txt", "..%2fsecret%2fkey.txt", "key.txt", ".studio"])(
    "of a job's files do not lead out: %s",
    async (name) => {
      const reply = await get(`/api/jobs/model/files/${name}`);
      expect(reply.statusCode).not.toBe(200);
      expect(reply.body).not.toContain("top secret");
    },
  );

  test.each(["..", ".studio", "a%2fb", "a b", "x".repeat(200)])(
    "are no job ids: %s",
    async (id) => {
      expect((await get(`/api/jobs/${id}`)).statusCode).toBeGreaterThanOrEqual(400);
    },
  );

  test("of weights and layers must be allowed ones, through links too", async () => {
    for (const path of [at("secret", "key.txt"), at("data", "link", "key.txt")]) {
      for (const field of ["weights", "layers"]) {
        const reply = await post("/api/models", { ...form, [field]: [{ path }] });
        expect(reply.statusCode).toBe(403);
        expect(Object.keys(reply.json().errors)).toEqual([field]);
      }
    }
  });

  test("in a network text may not lead out", async () => {
    const loss = (source: string) =>
      `layer { name: "l" type: "InfogainLoss" bottom: "score" bottom: "label" top: "l" infogain_loss_param { source: "${source}" } exclude { stage: "deploy" } }`;
    for (const source of [at("secret", "key.txt"), "../../secret/key.txt"]) {
      const network = tinyNetwork() + loss(source);
      const reply = await post("/api/models", { ...form, network });
      expect(reply.statusCode).toBe(403);
    }
  });
});

describe("strangers", () => {
  test("with another host name are refused", async () => {
    expect((await get("/api/jobs", { host: "evil.example:5000" })).statusCode).toBe(403);
  });

  test("with another origin may neither read nor write", async () => {
    const origin = "http://evil.example";
    expect((await get("/api/jobs", { origin })).statusCode).toBe(403);
    expect(
      (await post("/api/datasets", { kind: "phantom", name: "p" }, { origin })).statusCode,
    ).toBe(403);
    expect((await get("/api/jobs", { "sec-fetch-site": "cross-site" })).statusCode).toBe(403);
  });

  test("get a policy that runs no script but the studio's own", async () => {
    const { headers } = await get("/api/jobs");
    expect(headers["content-security-policy"]).toContain("default-src 'none'; script-src 'self'");
    expect(headers["x-content-type-options"]).toBe("nosniff");
  });

  test("need the token where there is one, uploads too; the link sets a cookie", async () => {
    const options = { jobs: at("jobs"), data: [at("data")], hosts: LOOPBACK, token: "letmein" };
    const guarded = buildApp(options);
    const ask = (headers: Record<string, string>, url = "/api/jobs") =>
      guarded.inject({ method: "GET", url, headers: { host: "lab:5000", ...headers } });
    expect((await ask({})).statusCode).toBe(401);
    expect((await ask({ authorization: "Bearer letmeout" })).statusCode).toBe(401);
    expect((await ask({ authorization: "Bearer letmein" })).statusCode).toBe(200);
    const link = await ask({}, "/api/jobs?token=letmein");
    expect(link.headers["set-cookie"]).toContain("HttpOnly; SameSite=Strict");
    expect((await ask({ cookie: "cortado=letmein" })).statusCode).toBe(200);
    const upload = await guarded.inject({
      ...{ method: "PUT", url: "/api/uploads/a.ts", payload: Buffer.from("x") },
      headers: { host: "lab:5000", "content-type": "application/octet-stream" },
    });
    expect(upload.statusCode).toBe(401);
    await guarded.close();
  });
});

describe("uploads", () => {
  test("are kept under a ticket, and refused when they are too large", async () => {
    const kept = await put("dice.ts", Buffer.from("export {}"));
    expect(kept.statusCode).toBe(201);
    expect(kept.json().upload).toMatch(/^[0-9a-f]{24}$/);
    expect((await put("large.ts", Buffer.alloc(1001))).statusCode).toBe(413);
  });

  test.each(["../a.ts", ".hidden", "a/b.ts", "a\nb"])("have plain names, not %j", async (name) => {
    expect((await put(name, Buffer.from("x"))).statusCode).toBe(400);
  });

  test("of others cannot be guessed by a path", async () => {
    const layers = [{ upload: "../../secret", name: "key.txt" }];
    expect((await post("/api/models", { ...form, layers })).statusCode).toBe(404);
  });
});
