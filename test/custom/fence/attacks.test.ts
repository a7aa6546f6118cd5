/** @file What a stranger's layer may try, and what comes of it: its net fails with one sentence. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { FenceOptions } from "../../../src/core/fence-options.ts";
import { CustomLayerError } from "../../../src/errors.ts";
import { folderWith, rigOf } from "../support.ts";

const RESHAPE = "reshape(bottom, top) { top[0].reshape(1); }";
const LIMITS = { seconds: 60, megabytes: 512 };

const hasBubblewrap =
  spawnSync("bwrap", ["--unshare-all", "--ro-bind", "/", "/", "true"]).status === 0;

/** The layer's file begins with the imports; its class body starts on line 3. */
function fenced(
  body: string,
  fence: FenceOptions,
  { imports = "", onPrint }: { imports?: string; onPrint?: (text: string) => void } = {},
) {
  const file = `import { Layer } from "cortado"; ${imports}\nexport class A extends Layer {\n${body}\n}\n`;
  return rigOf({
    module: "a",
    className: "A",
    path: [folderWith({ "a.ts": file })],
    bottoms: [{ shape: [2, 3], values: [1, 2, 3, 4, 5, 6] }],
    fence,
    ...(onPrint ? { onPrint } : {}),
  });
}

/** The one sentence that is left of a layer. */
async function sentence(act: () => unknown): Promise<string> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof CustomLayerError)) throw error;
    expect(error.message).not.toMatch(/\n|node:internal/);
    return error.message;
  }
  throw new Error("the attack went through");
}

/** Runs `forward`, whose code starts on line 4, column 5. */
async function forward(code: string, fence: FenceOptions, imports = ""): Promise<string> {
  const rig = await fenced(`${RESHAPE} forward(bottom, top) {\n    ${code}\n  }`, fence, {
    imports,
  });
  return sentence(() => rig.run());
}

const fences: [name: string, fence: FenceOptions, runs: boolean][] = [
  ["in Node's permission model", { ...LIMITS, bubblewrap: false }, true],
  [
    `in bubblewrap${hasBubblewrap ? "" : " (skipped: bwrap is not installed, or may not make namespaces)"}`,
    { ...LIMITS, bubblewrap: true },
    hasBubblewrap,
  ],
];

describe.each(fences)("%s", (_name, fence, runs) => {
  const attack = test.skipIf(!runs);

  attack("ends a layer that loops for ever, in any method", async () => {
    const brief = { ...fence, seconds: 3 };
    expect(await forward("for (;;);", brief)).toMatch(
      /a\.ts: layer "custom" \(Python, A\.forward\): it timed out after 3 s in forward, and was ended$/,
    );
    const setup = await sentence(() =>
      fenced(`async setup() { await new Promise(() => {}); } ${RESHAPE} forward() {}`, brief),
    );
    expect(setup).toMatch(/it timed out after 3 s in setup/);
  });

  attack("ends a layer that fills the heap of JavaScript", async () => {
    const code = "const all = []; for (;;) all.push(new Array(1e5).fill(Math.random()));";
    expect(await forward(code, { ...fence, megabytes: 256 })).toMatch(
      /it used more than 256 MiB of memory in forward, and was ended$/,
    );
  });

  attack("ends a layer that fills memory outside the heap of JavaScript", async () => {
    const code = "const all = []; for (;;) all.push(Buffer.alloc(2 ** 22, 1));";
    expect(await forward(code, { ...fence, megabytes: 256 })).toMatch(
      /it used more than 256 MiB of memory in forward, and was ended$/,
    );
  });

  attack("lets no file be read, not even its own", async () => {
    const imports = 'import { readFileSync } from "node:fs";';
    expect(await forward('readFileSync("/etc/passwd");', fence, imports)).toMatch(
      /a\.ts:4:5: layer "custom" \(Python, A\.forward\): it tried to read \/etc\/passwd, which the fence does not allow$/,
    );
    expect(await forward("readFileSync(__filename);", fence, imports)).toMatch(/tried to read/);
  });

  attack("lets no socket be opened, by no door of Node", async () => {
    const requests: string[] = [];
    const server = createServer((request, response) => {
      requests.push(request.url!);
      response.end();
    }).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/`;
    const doors: [code: string, said: string][] = [
      [`await fetch("${url}")`, "use the network (fetch)"],
      [`require("node:net").connect(${port}, "127.0.0.1")`, "use the network (net)"],
      [`require("node:http").get("${url}")`, "use the network (http)"],
      [`require("node:dns").lookup("localhost", () => {})`, "use the network (dns)"],
      [`require("node:dgram").createSocket("udp4")`, "use the network (dgram)"],
      [`require("node:inspector").open(0)`, "use the network (inspector)"],
      [`require("node:module").createRequire("/")("net")`, 'load the module "module"'],
      [`await import("node:net")`, "dynamic import callback"],
      [`Function("return import('node:net')")()`, "Code generation from strings disallowed"],
      [`process.binding("tcp_wrap")`, "process.binding is not a function"],
      [`process.getBuiltinModule("net")`, "process.getBuiltinModule is not a function"],
      [`process.stdout.constructor.super_("net").connect(1)`, "not a function"],
    ];
    const attempts = doors.map(
      ([code]) => `try { ${code}; said.push("through"); } catch (e) { said.push(e.message); }`,
    );
    const body = `async setup() { const said = []; ${attempts.join("\n")}
      await new Promise((go) => setTimeout(go, 200)); throw new Error(said.join(" | ")); }`;
    const said = await sentence(() => fenced(`${body} ${RESHAPE} forward() {}`, fence));
    const outcomes = said.split("setup): ")[1]!.split(" | ");
    expect(outcomes).toEqual(doors.map(([, outcome]) => expect.stringContaining(outcome)));
    expect(requests).toEqual([]);
  });
});

describe("in any fence", () => {
  const fence = LIMITS;

  test("refuses tops and blobs that would fill the net's memory", async () => {
    const top = `reshape(bottom, top) { top[0].reshape(30000, 30000); } forward() {}`;
    expect(await sentence(() => fenced(top, fence))).toMatch(
      /it asked for tops and blobs of 6867 MiB, more than the 512 MiB that the fence allows/,
    );
    const blob = `setup() {\n this.addBlob([30000, 30000]); } ${RESHAPE} forward() {}`;
    expect(await sentence(() => fenced(blob, fence))).toMatch(
      /a\.ts:4:7: .*it asked for tops and blobs of 6867 MiB/,
    );
  });

  test("lets no file be written", async () => {
    const target = join(tmpdir(), `cortado-fence-${process.pid}`);
    const imports = 'import { writeFileSync } from "node:fs";';
    expect(await forward(`writeFileSync("${target}", "x");`, fence, imports)).toMatch(
      /it tried to write .*cortado-fence.*, which the fence does not allow$/,
    );
    expect(existsSync(target)).toBe(false);
  });

  test("says that the network was tried", async () => {
    const imports = 'import { connect } from "node:net";';
    const said = await sentence(() =>
      fenced(`${RESHAPE} forward() { connect(80, "example.org"); }`, fence, { imports }),
    );
    expect(said).toMatch(
      /a\.ts:1:\d+: it tried to use the network \(net\), which the fence does not allow$/,
    );
  });

  test("lets no program and no thread be started", async () => {
    const said = await sentence(() =>
      fenced(`${RESHAPE} forward() { exec("id"); }`, fence, {
        imports: 'import { exec } from "node:child_process";',
      }),
    );
    expect(said).toMatch(/tried to start another program or thread \(child_process\)/);
    expect(await forward('require("worker_threads");', fence)).toMatch(
      /tried to start another program or thread \(worker_threads\)/,
    );
  });

  test("lets no other process be ended", async () => {
    expect(await forward("process.kill(process.ppid ?? 1, 9);", fence)).toMatch(
      /it tried to end another process \(process\.kill\), which the fence does not allow$/,
    );
  });

  test("shows nothing of the net's environment", async () => {
    process.env.CORTADO_TEST_SECRET = "secret";
    onTestFinished(() => void Reflect.deleteProperty(process.env, "CORTADO_TEST_SECRET"));
    const said = await forward("throw new Error('env ' + JSON.stringify(process.env));", fence);
    expect(said).toMatch(/env \{\}$/);
  });

  test("refuses an exit, and explains a death", async () => {
    expect(await forward("process.exit(0);", fence)).toMatch(
      /it tried to end its process \(process\.exit\), which the fence does not allow$/,
    );
    const rig = await fenced(
      `${RESHAPE} forward() { require("fs").closeSync(3); require("fs").writeSync(3, "x"); }`,
      fence,
    );
    expect(await sentence(rig.run)).toMatch(/its process ended by itself in forward|EBADF/);
    expect(await sentence(rig.run)).toMatch(/its process ended by itself in (reshape|forward)/);
  });

  test("passes on what is printed, without a flood and without what a terminal obeys", async () => {
    const printed: string[] = [];
    const rig = await fenced(
      `${RESHAPE} forward(bottom, top) {
        for (let i = 0; i < 1e5; i++) console.log("flood " + i);
        console.error("error"); top[0].set(5); }`,
      fence,
      { onPrint: (text) => printed.push(text) },
    );
    expect(rig.run()).toEqual([5]);
    const all = printed.join("");
    expect(all).toMatch(/^flood 0\nflood 1\n/);
    expect(all.length).toBeLessThan(70_000);
    expect(all).toMatch(/what else it prints is left out/);
  });

  test("ends a layer that writes into the fence's pipe", async () => {
    for (const junk of ['"junk, much longer than a header is"', "new Uint8Array(16)"]) {
      expect(await forward(`require("fs").writeSync(3, ${junk}); for (;;);`, fence)).toMatch(
        /it wrote into the fence's own pipe in forward, and was ended$/,
      );
    }
  });

  test("believes no forged reply", async () => {
    const forged = (message: string, numbers = 0) => `
      const json = Buffer.from(${message});
      require("fs").writeSync(3, Buffer.concat([
        Buffer.from(Uint32Array.of(0x636e6566, 2, json.length, ${numbers}).buffer), json])); for (;;);`;
    const replies = [
      forged(`'{"done":true,"shapes":[[2,3],[1]],"written":[99],"read":[]}'`),
      forged(`'{"done":true,"shapes":[[2,3],[1]],"written":[2],"read":[]}'`),
      forged(`'{"done":true,"shapes":[[2,3]],"written":[],"read":[]}'`),
      forged(`'{"done":true,"shapes":[[2,3],[1]],"written":[],"read":[]}'`, 4_000_000_000),
      forged(`"no JSON"`),
      forged(`'{"__proto__":{"done":true}}'`),
    ];
    for (const reply of replies) {
      expect(await forward(reply, fence), reply).toMatch(/wrote into the fence's own pipe/);
    }
    const shape = forged(`'{"done":true,"shapes":[[2,3],[-1]],"written":[],"read":[]}'`);
    expect(await forward(shape, fence)).toMatch(/a blob cannot have the shape -1$/);
  });

  test("shows odd things that are thrown", async () => {
    const odd: [thrown: string, said: RegExp][] = [
      ["null", /A\.forward\): null$/],
      ["Symbol('s')", /Symbol\(s\)$/],
      ["Object.create(null)", /it threw something that cannot be shown as text$/],
      ["{ toString() { throw 1; } }", /it threw something that cannot be shown as text$/],
      ["new Proxy({}, { get() { throw 1; } })", /it threw something that cannot be shown as text$/],
      ["Object.assign(new Error('a'), { stack: 7, code: {} })", /A\.forward\): a$/],
      ["new Error('two\\nlines \\x1b[31m')", /two\\nlines \\u001b\[31m$/],
      ["new Error('x'.repeat(1e6))", /x{500}$/],
    ];
    const throws = odd.map(([thrown], i) => `if (bottom[0].data[0] === ${i}) throw ${thrown};`);
    const rig = await fenced(`${RESHAPE} forward(bottom) { ${throws.join("\n")} }`, fence);
    for (const [i, [thrown, said]] of odd.entries()) {
      rig.bottoms[0]!.set(i);
      expect(await sentence(rig.run), thrown).toMatch(said);
    }
  });

  test("keeps polluted prototypes to itself", async () => {
    const rig = await fenced(
      `${RESHAPE} forward(bottom, top) {
        Object.prototype.polluted = "yes"; Array.prototype.map = () => [];
        JSON.parse = () => ({}); Float32Array.prototype.set = () => {}; top[0].data[0] = 3; }
       saveState() { return JSON.parse('{"__proto__": {"polluted": "yes"}}'); }`,
      fence,
    );
    await sentence(() => {
      rig.run();
      rig.layer.saveState?.();
      rig.run();
      throw new CustomLayerError("as it likes");
    });
    expect(Reflect.get({}, "polluted")).toBeUndefined();
    expect([1].map((x) => x + 1)).toEqual([2]);
  });

  test("imports no file from elsewhere, neither by path nor by link", async () => {
    const secret = folderWith({ "secret.json": '{"key": "hidden"}' });
    const path = join(secret, "secret.json");
    const use = `${RESHAPE} forward() { throw new Error(secret.key); }`;
    const byPath = fenced(use, fence, { imports: `import secret from ${JSON.stringify(path)};` });
    expect(await sentence(() => byPath)).toMatch(
      /a fenced layer imports only files of its own folder, not .*secret\.json/,
    );
    const folder = mkdtempSync(join(tmpdir(), "cortado-link-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    symlinkSync(path, join(folder, "near.json"));
    writeFileSync(
      join(folder, "a.ts"),
      `import { Layer } from "cortado"; import secret from "./near.json";
       export class A extends Layer { ${use} }`,
    );
    const byLink = rigOf({ module: "a", className: "A", path: [folder], bottoms: [], fence });
    expect(await sentence(() => byLink)).toMatch(/only files of its own folder/);
  });

  test("quotes no line of a file that a source map names", async () => {
    const secret = join(folderWith({ "secret.txt": "hidden text\n" }), "secret.txt");
    const map = { version: 3, sources: [secret], names: [], mappings: "AAAA;AAAA;AAAA;AAAA" };
    const url = `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString("base64")}`;
    const code = `import { Layer } from "cortado";
export class A extends Layer { reshape() { throw new Error("boom"); } forward() {} }
//# sourceMappingURL=${url}\n`;
    const path = [folderWith({ "a.js": code })];
    const rig = rigOf({ module: "a", className: "A", path, bottoms: [], tops: 0, fence });
    const error = await rig.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CustomLayerError);
    expect((error as CustomLayerError).message).toContain("boom");
    expect((error as CustomLayerError).excerpt ?? "").not.toContain("hidden");
  });
});

test("leaves no process behind a layer that is disposed of, or fails", async () => {
  const running = () => {
    const all = execFileSync("ps", ["-o", "args=", "--ppid", String(process.pid)], {
      encoding: "utf8",
    });
    return all.split("\n").filter((line) => line.includes("fenced-layer.cjs")).length;
  };
  const before = running();
  const rig = await fenced(`${RESHAPE} forward() {}`, LIMITS);
  expect(running()).toBe(before + 1);
  rig.layer.dispose?.();
  await fenced("setup() { throw new Error('no'); }", LIMITS).catch(() => {});
  await expect.poll(running, { timeout: 5000 }).toBe(before);
});
