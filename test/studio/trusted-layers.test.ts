/** @file Custom layers run fenced, but in a studio whose user says that they are their own. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { CheckResult } from "../../src/studio/api-types.ts";
import { type AppOptions, buildApp } from "../../src/studio/server/app.ts";
import { LOOPBACK } from "../../src/studio/server/guard.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { tinyNetwork, writeTinyDataset } from "../support/tiny-dataset.ts";

const at = temporaryFolder("trusted");
let app: FastifyInstance;

beforeAll(async () => {
  for (const name of ["jobs", "data", "other"]) mkdirSync(at(name));
  await writeTinyDataset(at("jobs", "tiny"));
  writeFileSync(at("other", "number.txt"), "7");
  // Its top has as many values as a file of this machine says.
  writeFileSync(
    at("data", "reader.ts"),
    `import { readFileSync } from "node:fs";
     import { Layer } from "cortado";
     export class Reader extends Layer {
       setup() {}
       reshape(bottom, top) { top[0].reshape(Number(readFileSync(${JSON.stringify(at("other", "number.txt"))}, "utf8"))); }
       forward() {}
       backward() {}
     }`,
  );
});
afterEach(() => app.close());

const open = (more: Partial<AppOptions>) => {
  const options = { jobs: at("jobs"), data: [at("data")], hosts: LOOPBACK, token: undefined };
  app = buildApp({ ...options, ...more });
};
const post = (url: string, payload: object) =>
  app.inject({ method: "POST", url, payload, headers: { host: "localhost" } });

const network = `${tinyNetwork()}
layer { name: "mine" type: "Python" bottom: "score" top: "mine" exclude { stage: "deploy" }
  python_param { module: "reader" layer: "Reader" } }`;
const layers = [{ path: at("data", "reader.ts") }];

async function check(): Promise<CheckResult> {
  return (await post("/api/check", { network, dataset: "tiny", layers, weights: [] })).json();
}

describe("the check of a custom layer", () => {
  test("keeps files of other folders than the studio's from it", async () => {
    open({});
    const { problem } = await check();
    expect(problem?.message).toMatch(/tried to read .*number.txt, which the fence does not allow/);
  });

  test("lets a trusted one read them", async () => {
    open({ trustedLayers: true });
    const { problem, layers: built } = await check();
    expect(problem).toBeUndefined();
    expect(built.find(({ name }) => name === "mine")?.tops[0]?.shape).toEqual([7]);
  });
});

describe("the command of a training", () => {
  const commandOf = async (name: string) => {
    const policy = { policy: "fixed" };
    const form = { name, dataset: "tiny", network: tinyNetwork(), layers: [], weights: [] };
    const reply = await post("/api/models", { ...form, policy, epochs: 1, learningRates: [0.1] });
    expect(reply.statusCode).toBe(201);
    const task = readFileSync(at("jobs", ".studio", "tasks", `${name}.json`), "utf8");
    return (JSON.parse(task) as { commands: string[][] }).commands[0];
  };

  test("fences custom layers", async () => {
    open({});
    expect(await commandOf("fenced")).toContain("--fence-layers");
  });

  test("does not fence those that are trusted; trainings side by side share the cores", async () => {
    open({ trustedLayers: true, parallel: 64 });
    const command = await commandOf("trusted");
    expect(command).not.toContain("--fence-layers");
    expect(command).toContain("--threads=1");
  });
});
