/** @file The studio's safety lines, each with the attack in it: what a hostile text, layer, file, page or request may try. */
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writePhantom } from "../../src/plugins/sunnybrook/phantom/index.ts";
import { buildApp } from "../../src/studio/server/app.ts";
import { LOOPBACK } from "../../src/studio/server/guard.ts";
import { PATHS } from "../../src/studio/server/net-files.ts";
import { hasProgram } from "../support/program.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { tinyNetwork, writeTinyDataset } from "../support/tiny-dataset.ts";
import { EventClient, listenOn } from "./event-client.ts";

const at = temporaryFolder("safety");
const dice = fileURLToPath(new URL("../../layers/dice.ts", import.meta.url));
const needsProgram = hasProgram ? "" : " (skipped: the program is not built)";
const LIMIT = 2_000_000;
const headers = { host: "127.0.0.1:5000" };
let app: FastifyInstance;
let base: string;

beforeAll(async () => {
  for (const name of ["jobs", "data", "secret"]) mkdirSync(at(name));
  writeFileSync(at("secret", "key.txt"), "top secret");
  copyFileSync(dice, at("data", "dice.ts"));
  symlinkSync(at("secret"), at("data", "link"));
  symlinkSync(at("secret", "key.txt"), at("data", "weights.caffemodel"));
  await writeTinyDataset(at("jobs", "tiny"));
  app = buildApp({
    ...{ jobs: at("jobs"), data: [at("data")], hosts: LOOPBACK, token: undefined },
    uploadLimit: LIMIT,
  });
  base = await listenOn(app);
});
afterAll(() => app.close());

type Reply = Awaited<ReturnType<typeof ask>>;
const ask = (method: "GET" | "POST" | "PUT" | "DELETE", url: string, payload?: object) =>
  app.inject({ method, url, headers, ...(payload ? { payload } : {}) });
const errorOf = (reply: Reply) => Object.values(reply.json().errors as object)[0][0] as string;

const form = {
  ...{ dataset: "tiny", network: tinyNetwork(), weights: [], mean: "none", epochs: 1 },
  ...{ learningRates: [0.5], policy: { policy: "fixed" } },
};

async function uploaded(name: string, content: Buffer | string) {
  const reply = await app.inject({
    ...{ method: "PUT", url: `/api/uploads/${name}`, payload: content },
    headers: { ...headers, "content-type": "application/octet-stream" },
  });
  return reply.json();
}

/** Trains a model to its end. @returns its page */
async function trained(name: string, changed: object) {
  const reply = await ask("POST", "/api/models", { ...form, name, layers: [], ...changed });
  expect(reply.body).toBe(JSON.stringify({ jobs: [name] }));
  const status = async () => (await ask("GET", `/api/jobs/${name}`)).json().status;
  await expect.poll(status, { timeout: 25_000 }).toMatch(/done|error/);
  return (await ask("GET", `/api/jobs/${name}`)).json();
}

describe("a network text", () => {
  const loss = (source: string) =>
    `layer { name: "l" type: "InfogainLoss" bottom: "score" bottom: "label" top: "l" infogain_loss_param { source: "${source}" } exclude { stage: "deploy" } }`;
  const outside = () => [
    at("secret", "key.txt"),
    "../../secret/key.txt",
    at("data", "link", "key.txt"),
    "/etc/passwd",
    "/etc/does-not-exist",
  ];

  test("names no file outside, neither in a check nor in a model; what exists is not told", async () => {
    for (const source of outside()) {
      const network = tinyNetwork() + loss(source);
      const model = await ask("POST", "/api/models", { ...form, name: "x", layers: [], network });
      const check = await ask("POST", "/api/check", { network, layers: [], weights: [] });
      for (const reply of [model, check]) {
        expect([source, reply.statusCode]).toEqual([source, 403]);
        expect(errorOf(reply)).toContain("outside");
        expect(reply.body).not.toContain("top secret");
      }
    }
    expect((await ask("GET", "/api/jobs/x")).statusCode).toBe(404);
  });

  test("reads no other database and no list of files", async () => {
    const sources = [
      'type: "HDF5Data" hdf5_data_param { source: "list.txt" }',
      'type: "ImageData" image_data_param { source: "list.txt" }',
      'type: "WindowData" window_data_param { source: "list.txt" }',
    ];
    for (const source of sources) {
      const network = `layer { name: "d" top: "data" ${source} }${tinyNetwork()}`;
      const reply = await ask("POST", "/api/models", { ...form, name: "x", layers: [], network });
      expect(reply.statusCode).toBe(400);
      expect(errorOf(reply)).toContain("Unsupported data layer type");
    }
  });

  test("gets the dataset of the form, whatever source it names", async () => {
    const network = tinyNetwork().replace(
      "data_param { batch_size: 2 }",
      `data_param { batch_size: 2 source: "${at("secret")}" }`,
    );
    const reply = await ask("POST", "/api/models", { ...form, name: "own", layers: [], network });
    expect(reply.statusCode).toBe(201);
    const text = readFileSync(at("jobs", "own", "train_val.prototxt"), "utf8");
    expect(text).not.toContain(at("secret"));
    expect(text).toContain(at("jobs", "tiny"));
    await ask("POST", "/api/jobs/own/abort");
  });

  test("has no field for a path that is not looked at", () => {
    const proto = readFileSync(new URL("../../proto/caffe.proto", import.meta.url), "utf8");
    const fields = [...proto.matchAll(/ string (\w*(?:file|source|folder|directory|path)\w*) = /g)];
    const names = fields.map(([, name]) => name!.replace(/_(\w)/g, (_, c) => c.toUpperCase()));
    expect(names.length).toBeGreaterThan(10);
    // The old name of mean_file, which an upgrade replaces; what says how a name or a file is made.
    const harmless = new Set(["meanfile", ...notInNets]);
    expect(names.filter((name) => !PATHS.has(name) && !harmless.has(name))).toEqual([]);
  });
  /** Of SolverParameter, which the studio writes itself. */
  const notInNets = ["net", "snapshotPrefix"];

  test("finds no module outside the layer path", async () => {
    writeFileSync(
      at("secret", "evil.ts"),
      'import { Layer } from "cortado"; export class Dice extends Layer { reshape() {} forward() {} }',
    );
    for (const module of [at("secret", "evil"), "../../secret/evil", "..secret.evil"]) {
      const network = tinyNetwork().replace("digits_python_layers", module);
      const reply = await ask("POST", "/api/check", { network, layers: [], weights: [] });
      expect(reply.json()).toMatchObject({ missingLayers: [expect.stringContaining("Dice")] });
    }
  });
});

describe("paths", () => {
  test("of every form stay inside, through links too", async () => {
    const forms: [url: string, body: object][] = [
      [
        "/api/datasets",
        { kind: "images", name: "x", images: at("data", "link"), labels: at("data") },
      ],
      ["/api/datasets", { kind: "images", name: "x", images: at("data"), labels: "/etc" }],
      [
        "/api/datasets",
        { kind: "sunnybrook", name: "x", images: at("secret"), contours: at("data") },
      ],
    ];
    for (const field of ["weights", "layers"]) {
      for (const path of [
        at("data", "weights.caffemodel"),
        "/etc/passwd",
        `${at("data")}/../secret`,
      ]) {
        const files = { layers: [], weights: [], [field]: [{ path }] };
        forms.push(["/api/models", { ...form, name: "x", ...files }]);
        forms.push(["/api/check", { network: tinyNetwork(), ...files }]);
      }
    }
    for (const [url, body] of forms) {
      const reply = await ask("POST", url, body);
      expect([body, reply.statusCode]).toEqual([body, 403]);
    }
  });

  test("of another job's files are plain names of that job", async () => {
    symlinkSync(at("secret", "key.txt"), at("jobs", "tiny", "key.ts"));
    const files = ["../tiny/key.ts", "..", ".studio", "key.ts", "no\u0000thing"];
    for (const file of files) {
      const layers = [{ job: "tiny", file }];
      const reply = await ask("POST", "/api/models", { ...form, name: "x", layers });
      expect(reply.statusCode).toBeGreaterThanOrEqual(400);
      expect(reply.body).not.toContain("top secret");
    }
  });

  test.each([
    "..",
    ".",
    ".studio",
    "a/b",
    "a\\b",
    "-rf",
    "a b",
    "a\n",
    "ä",
    "<b>",
    "",
    "x".repeat(81),
  ])("are no names of jobs: %j", async (name) => {
    const bodies = [
      ["/api/datasets", { kind: "phantom", name }],
      ["/api/models", { ...form, name, layers: [] }],
    ] as const;
    for (const [url, body] of bodies) expect((await ask("POST", url, body)).statusCode).toBe(400);
    expect(readdirSync(at("jobs")).sort()).toEqual(jobsBefore);
  });
  let jobsBefore: string[] = [];
  beforeAll(() => {
    jobsBefore = readdirSync(at("jobs")).sort();
  });

  test("are no flags of the commands", async () => {
    const body = { kind: "images", name: "x", images: "--force", labels: at("data") };
    expect((await ask("POST", "/api/datasets", body)).statusCode).toBe(400);
    const seed = { kind: "phantom", name: "x", seed: "1 --force" };
    expect((await ask("POST", "/api/datasets", seed)).statusCode).toBe(400);
  });
});

describe.skipIf(!hasProgram)(`a layer that was uploaded${needsProgram}`, () => {
  const layer = (imports: string, forward: string, reshape = "") =>
    `import { Layer } from "cortado"; ${imports}
    export class Dice extends Layer {
      reshape(bottom, top) { top[0].reshape(1); ${reshape} }
      forward(bottom, top) { ${forward} }
    }`;
  const attacks: [what: string, imports: string, code: string, said: RegExp][] = [
    [
      ...(["reads files", 'import { readFileSync } from "node:fs";'] as const),
      ...([
        'readFileSync("/etc/passwd");',
        /it tried to read \/etc\/passwd, which the fence/,
      ] as const),
    ],
    [
      ...(["opens sockets", 'import { connect } from "node:net";'] as const),
      ...(['connect(80, "example.org");', /it tried to use the network \(net\), which/] as const),
    ],
    [
      ...(["starts programs", 'import { execSync } from "node:child_process";'] as const),
      ...(['execSync("id");', /it tried to start another program or thread/] as const),
    ],
    [
      ...(["shows the environment", ""] as const),
      ...(['throw new Error("env " + JSON.stringify(process.env));', /env \{\}$/] as const),
    ],
    [
      ...(["wants all memory", ""] as const),
      ...(["top[0].reshape(30000, 30000);", /blobs of \d+ MiB, more than the 1024 MiB/] as const),
    ],
  ];

  // Each training costs seconds; the check below tries all.
  test.each([attacks[0]!, attacks[4]!])(
    "and %s fails with its job, and is named there",
    async (...attack) => {
      const [what, imports, code, said] = attack;
      const layers = [await uploaded("evil.ts", layer(imports, code))];
      const { status, error } = await trained(`evil-${what.replaceAll(" ", "-")}`, { layers });
      expect(status).toBe("error");
      expect(error).toMatch(said);
      expect(error).toMatch(/evil\.ts(:\d+:\d+)?: /);
      expect(error).not.toContain("\n");
    },
  );

  test.each(attacks)("and %s does no more in the check of a form", async (...attack) => {
    const [, imports, code, said] = attack;
    const layers = [await uploaded("evil.ts", layer(imports, "", code))];
    const body = { network: tinyNetwork(), layers, weights: [], dataset: "tiny" };
    const { problem } = (await ask("POST", "/api/check", body)).json();
    expect(problem.message).toMatch(said);
  });

  test("may loop for ever: the studio answers, and other trainings get their turn", async () => {
    const layers = [await uploaded("loop.ts", layer("", "for (;;);"))];
    await ask("POST", "/api/models", { ...form, name: "loops", layers });
    const job = async (id: string) => (await ask("GET", `/api/jobs/${id}`)).json();
    await expect.poll(async () => (await job("loops")).status).toBe("running");
    const { jobs } = (
      await ask("POST", "/api/models", {
        ...form,
        name: "after",
        layers: [{ path: at("data", "dice.ts") }],
      })
    ).json();
    expect(jobs).toEqual(["after"]);
    expect((await job("after")).status).toBe("waiting");
    const file = at("jobs", ".studio", "tasks", "loops.json");
    // As somebody would who has no patience for the time limit of a minute.
    process.kill(JSON.parse(readFileSync(file, "utf8")).pid, "SIGKILL");
    await expect.poll(async () => (await job("loops")).status).toMatch(/interrupted|error/);
    await expect.poll(async () => (await job("after")).status, { timeout: 25_000 }).toBe("done");
  });
});

describe("requests", () => {
  const post = (more: Record<string, string>, payload: string) =>
    app.inject({ method: "POST", url: "/api/datasets", payload, headers: { ...headers, ...more } });
  const phantom = JSON.stringify({ kind: "phantom", name: "forged" });

  test("that a page of a stranger can send without asking change nothing", async () => {
    const json = { "content-type": "application/json" };
    const attempts: [more: Record<string, string>, status: number][] = [
      [{ "content-type": "text/plain" }, 415],
      [{ "content-type": "application/x-www-form-urlencoded" }, 415],
      [{ ...json, origin: "null" }, 403],
      [{ ...json, origin: "http://127.0.0.1:5001" }, 403],
      [{ ...json, origin: "https://127.0.0.1:5000" }, 403],
      [{ ...json, "sec-fetch-site": "same-site" }, 403],
      [{ ...json, "sec-fetch-site": "cross-site" }, 403],
      [{ ...json, host: "rebound.example:5000" }, 403],
      [{ ...json, host: "127.0.0.1.evil.example" }, 403],
    ];
    for (const [more, status] of attempts) {
      expect([more, (await post(more, phantom)).statusCode]).toEqual([more, status]);
    }
    expect((await ask("GET", "/api/jobs/forged")).statusCode).toBe(404);
  });

  test("for live updates are guarded like all others", async () => {
    for (const url of ["/api/events", "/api/jobs/tiny/events"]) {
      const more = { host: "rebound.example" };
      const reply = await app.inject({ method: "GET", url, headers: more });
      expect(reply.statusCode).toBe(403);
    }
  });

  test("for odd methods and addresses get nothing of the disk", async () => {
    for (const url of ["/api/nothing", "/assets/nothing.js", "/assets/..%2f..%2fpackage.json"]) {
      expect((await ask("GET", url)).statusCode).toBe(404);
    }
    expect((await ask("DELETE", "/")).statusCode).toBe(404);
    for (const url of ["/api/../package.json", "/%2e%2e/%2e%2e/package.json", "//etc/passwd"]) {
      expect((await ask("GET", url)).body).not.toMatch(/"dependencies"|root:/);
    }
  });

  test("with too much text are refused before they are read", async () => {
    const network = "x".repeat(5 * 2 ** 20);
    const reply = await ask("POST", "/api/check", { network, layers: [], weights: [] });
    expect(reply.statusCode).toBe(413);
  });

  test("cannot send prototypes for values", async () => {
    const payload = '{"kind":"phantom","name":"forged","__proto__":{"polluted":1}}';
    expect((await post({ "content-type": "application/json" }, payload)).statusCode).toBe(400);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  test("get no fault's inside", async () => {
    const reply = await ask("GET", "/api/datasets/tiny/picture?stage=val&index=999999999");
    expect(reply.body).not.toMatch(/node_modules|\.ts:\d|at async/);
  });
});

describe("uploads", () => {
  /** Sends bytes without saying how many will come. */
  function stream(name: string, bytes: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const sent = request(`${base}/api/uploads/${name}`, {
        method: "PUT",
        headers: { "content-type": "application/octet-stream" },
      });
      sent.once("response", (reply) => {
        reply.resume();
        resolve(reply.statusCode ?? 0);
      });
      sent.once("error", reject);
      for (let left = bytes; left > 0; left -= 100_000)
        sent.write(Buffer.alloc(Math.min(left, 100_000)));
      sent.end();
    });
  }
  const kept = () =>
    readdirSync(at("jobs", ".studio", "uploads")).flatMap((ticket) =>
      readdirSync(at("jobs", ".studio", "uploads", ticket)),
    );

  test("that say nothing of their size end at the limit, and leave nothing", async () => {
    expect(await stream("endless.bin", LIMIT + 1).catch(() => 413)).toBe(413);
    await expect.poll(kept).not.toContain("endless.bin");
    expect(await stream("fits.bin", LIMIT)).toBe(201);
  });

  test("together do not fill the disk", async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 9; i++)
      statuses.push(await stream(`part-${i}.bin`, LIMIT).catch(() => 413));
    expect(statuses[0]).toBe(201);
    expect(statuses.at(-1)).toBe(413);
  });

  test("are read by nobody else", async () => {
    for (const ticket of readdirSync(at("jobs", ".studio", "uploads"))) {
      const folder = at("jobs", ".studio", "uploads", ticket);
      for (const name of readdirSync(folder)) {
        expect(statSync(join(folder, name)).mode & 0o077).toBe(0);
      }
    }
  });

  test("of the studio's own folder are no job's files", async () => {
    expect((await ask("GET", "/api/jobs/.studio/files/tasks")).statusCode).toBeGreaterThanOrEqual(
      400,
    );
    expect((await ask("GET", "/api/jobs/.studio")).statusCode).toBeGreaterThanOrEqual(400);
  });
});

describe("what is shown", () => {
  test("of a job's files is text, or a download, never a page", async () => {
    for (const name of ["page.html", "picture.svg", "script.mjs"]) {
      writeFileSync(at("jobs", "tiny", name), "<script>alert(1)</script>");
      const { headers: sent } = await ask("GET", `/api/jobs/tiny/files/${name}`);
      expect(String(sent["content-type"] ?? "")).not.toMatch(/html|svg|javascript/);
      expect(sent["content-disposition"]).toMatch(/^attachment/);
      expect(sent["x-content-type-options"]).toBe("nosniff");
    }
    writeFileSync(at("jobs", "tiny", "layer.ts"), "<script>alert(1)</script>");
    const { headers: sent } = await ask("GET", "/api/jobs/tiny/files/layer.ts");
    expect(sent["content-type"]).toBe("text/plain; charset=utf-8");
  });

  test("every reply has the policy, the page and the stream of events too", async () => {
    const paths = ["/", "/models/x", "/api/jobs", "/api/nothing", "/api/events"];
    for (const path of paths) {
      const stop = new AbortController();
      const { headers: sent } = await fetch(base + path, { signal: stop.signal });
      stop.abort();
      const policy = sent.get("content-security-policy") ?? "";
      expect([path, policy.split("; ").sort()]).toEqual([
        path,
        [
          ...["base-uri 'none'", "connect-src 'self'", "default-src 'none'", "form-action 'none'"],
          ...["frame-ancestors 'none'", "img-src 'self' blob: data:", "script-src 'self'"],
          "style-src 'self'",
        ],
      ]);
      expect(sent.get("x-content-type-options")).toBe("nosniff");
      expect(sent.get("referrer-policy")).toBe("no-referrer");
    }
  });

  test("of an event's text breaks out of no event", async () => {
    const file = at("jobs", ".studio", "logs", "tiny.log");
    writeFileSync(file, "one\r\ndata: forged\n\nevent: jobs\ndata: []\n\n");
    const client = new EventClient(`${base}/api/jobs/tiny/events`);
    await expect.poll(() => client.data("log").length).toBe(1);
    await client.close();
    expect(client.data("jobs")).toEqual([]);
  });
});

describe.skipIf(!hasProgram)(`a patient's identity${needsProgram}`, () => {
  const NAME = "DOE^JANE";

  test("is neither stored nor shown", async () => {
    const phantom = await writePhantom({
      out: at("data", "phantom"),
      patients: 2,
      size: 64,
      slices: 3,
    });
    const slices = filesIn(phantom.imageFolder);
    for (const slice of slices) rename(slice);
    expect(readFileSync(slices[0]!).includes(NAME)).toBe(true);

    const { imageFolder: images, contourFolder: contours } = phantom;
    const dataset = { kind: "sunnybrook", name: "patients", images, contours, valPercent: 50 };
    expect((await ask("POST", "/api/datasets", dataset)).statusCode).toBe(201);
    const status = async () => (await ask("GET", "/api/jobs/patients")).json().status;
    await expect.poll(status, { timeout: 25_000 }).toBe("done");
    await trained("model", { dataset: "patients", layers: [{ path: at("data", "dice.ts") }] });
    const slice = await uploaded("slice.dcm", readFileSync(slices[0]!));
    const shown = [
      await ask("POST", "/api/models/model/test", { upload: slice.upload }),
      await ask("GET", "/api/jobs/patients"),
      await ask("GET", "/api/datasets/patients/records?stage=train"),
      await ask("GET", "/api/jobs/model"),
      await ask("GET", "/api/jobs/model/log"),
    ];
    for (const reply of shown) {
      expect(reply.statusCode).toBe(200);
      expect(reply.body).not.toMatch(/DOE|JANE/);
    }
    const written = filesIn(at("jobs"));
    expect(written.length).toBeGreaterThan(10);
    expect(written.filter((file) => readFileSync(file).includes(NAME))).toEqual([]);
    expect(written.filter((file) => file.endsWith(".dcm"))).toEqual([]);
  }, 60_000);

  /** Puts the patient's name in place of the phantom's. */
  function rename(file: string): void {
    const bytes = readFileSync(file);
    const start = bytes.indexOf(Buffer.from([0x10, 0x00, 0x10, 0x00, 0x50, 0x4e]));
    const length = bytes.readUInt16LE(start + 6);
    bytes.write(NAME.padEnd(length), start + 8, length, "latin1");
    writeFileSync(file, bytes);
  }
});

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
