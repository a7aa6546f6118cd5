/**
 * How quick the studio's home page is with many jobs, some of them running:
 *
 *     npm run bench:studio -- [--jobs 200] [--running 10] [--clients 5] [--points 500]
 *
 * Running jobs get a point of their curves ten times a second each, from this process. With a Chromium
 * (CORTADO_CHROMIUM, or /usr/bin/chromium) the time until the list is seen is measured, too.
 */
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";

const { values } = parseArgs({
  options: {
    jobs: { type: "string", default: "200" },
    running: { type: "string", default: "10" },
    clients: { type: "string", default: "5" },
    points: { type: "string", default: "500" },
  },
});
const [jobs, running, clients, points] = ["jobs", "running", "clients", "points"].map((name) =>
  Number(values[name]),
);
const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "cortado-bench-"));
const REPETITIONS = 30;
let written = points;

await makeJobs();
const { child, url } = await startStudio();
const writing = setInterval(writePoints, 100);
try {
  const first = await timed(() => firstList());
  console.log(`${jobs} jobs, ${running} running, ${points} points each; ${clients} clients more`);
  console.log(`first list after the start: ${ms(first)}`);
  const idle = Array.from({ length: clients }, () => listen());
  await pause(1000);
  await repeat("page and its files", readPage);
  await repeat("the list, as the page gets it", firstList);
  await repeat("the list, as JSON", () => fetch(`${url}/api/jobs`).then((reply) => reply.text()));
  const [cpu, sent] = [cpuSeconds(), bytes(idle)];
  await pause(10_000);
  console.log(
    `server: ${((cpuSeconds() - cpu) * 10).toFixed(0)} % of a core, ${((bytes(idle) - sent) / clients / 1e4).toFixed(1)} KB/s a client`,
  );
  clearInterval(writing);
  await pause(500);
  const [quiet, before] = [cpuSeconds(), bytes(idle)];
  await pause(10_000);
  console.log(
    `server, when nothing runs on: ${((cpuSeconds() - quiet) * 10).toFixed(0)} % of a core, ${bytes(idle) - before} bytes`,
  );
  await inBrowser();
} finally {
  clearInterval(writing);
  child.kill();
  rmSync(folder, { recursive: true, force: true });
}
process.exit();

async function makeJobs() {
  const { prepareJob } = await import(at("dist/src/job/prepare-job.js"));
  const { defaultSettings } = await import(at("dist/src/job/settings.js"));
  const { writeShapes } = await import(at("dist/src/cli/demo/shapes.js"));
  await writeShapes(join(folder, "shapes"), { train: 20, val: 4, seed: 1 });
  const network = at("networks/demo-fcn/pretrain.prototxt");
  const settings = { ...defaultSettings, dataset: join(folder, "shapes"), network, mean: "none" };
  const networkText = readFileSync(network, "utf8");
  const template = join(folder, "job-0");
  await prepareJob({
    settings: { ...settings, layers: [at("layers/dice.ts")] },
    networkText,
    out: template,
  });
  writeFileSync(join(template, "metrics.jsonl"), lines(0, points));
  const file = join(template, "job.json");
  const record = JSON.parse(readFileSync(file, "utf8"));
  writeFileSync(file, JSON.stringify({ ...record, status: "done" }));
  for (let i = 1; i < jobs; i++) {
    cpSync(template, join(folder, `job-${i}`), { recursive: true });
    if (i > running) continue;
    const live = { ...record, status: "running", pid: process.pid };
    writeFileSync(join(folder, `job-${i}`, "job.json"), JSON.stringify(live));
  }
}

function lines(from, to) {
  let text = "";
  for (let i = from; i < to; i++) {
    const values = { loss: Math.exp(-i / 100), dice: 1 - Math.exp(-i / 200), accuracy: 0.98 };
    const phase = i % 5 ? "train" : "val";
    text += `${JSON.stringify({ iter: i, epoch: i / 100, phase, values, lr: 0.01, time: i / 10 })}\n`;
  }
  return text;
}

function writePoints() {
  const text = lines(written, ++written);
  for (let i = 1; i <= running; i++) {
    writeFileSync(join(folder, `job-${i}`, "metrics.jsonl"), text, { flag: "a" });
  }
}

function startStudio() {
  const words = ["studio", `--jobs=${folder}`, `--data=${folder}`, "--port=0"];
  const studio = spawn(process.execPath, [at("dist/src/cli/main.js"), ...words]);
  return new Promise((resolve, reject) => {
    studio.stderr.pipe(process.stderr);
    studio.once("exit", () => reject(new Error("the studio ended")));
    studio.stdout.on("data", (chunk) => {
      const found = /studio is at (\S+)/.exec(chunk)?.[1];
      if (found) resolve({ child: studio, url: found });
    });
  });
}

/** Opens the stream of all jobs, and waits for its first event. */
async function firstList() {
  const stop = new AbortController();
  const reply = await fetch(`${url}/api/events`, { signal: stop.signal });
  let text = "";
  for await (const chunk of reply.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (/event: jobs\ndata: .*\n\n/.test(text)) break;
  }
  stop.abort();
}

async function readPage() {
  const html = await (await fetch(url)).text();
  const files = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path);
  await Promise.all(files.map(async (path) => (await fetch(url + path)).arrayBuffer()));
}

/** A client that stays. */
function listen() {
  const client = { bytes: 0 };
  fetch(`${url}/api/events`).then(async (reply) => {
    for await (const chunk of reply.body) client.bytes += chunk.length;
  });
  return client;
}
function bytes(all) {
  return all.reduce((sum, client) => sum + client.bytes, 0);
}

async function inBrowser() {
  const executablePath = [process.env.CORTADO_CHROMIUM, "/usr/bin/chromium"].find(
    (path) => path && existsSync(path),
  );
  if (!executablePath) return console.log("no Chromium: the page was not seen");
  const again = setInterval(writePoints, 100);
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const page = await (await browser.newContext()).newPage();
  await page.addInitScript(watchCards, `/models/job-${jobs - 1}`);
  const open = async () => {
    await page.goto(url, { waitUntil: "commit" });
    await page.waitForFunction(() => globalThis.seen?.last);
    return page.evaluate(() => globalThis.seen);
  };
  const fresh = await open();
  const times = [];
  for (let i = 0; i < REPETITIONS; i++) {
    await pause(300);
    times.push(await open());
  }
  console.log("in Chromium, from the address being asked for:");
  const column = (name) => times.map((seen) => seen[name]);
  tell("  jobs fill the screen", column("first"));
  tell("  the last job is on the page", column("last"));
  console.log(`  both in a browser that has just started: ${ms(fresh.first)}, ${ms(fresh.last)}`);
  await browser.close();
  clearInterval(again);
}

/** Runs in the page: when its first cards and its last one are drawn, in ms since the navigation began. */
function watchCards(last) {
  const seen = {};
  globalThis.seen = seen;
  const drawn = (name) => {
    if (name in seen) return;
    seen[name] = 0;
    // The message after the next frame comes when that is drawn.
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        seen[name] = performance.now();
      };
      port2.postMessage("");
    });
  };
  new MutationObserver(() => {
    if (document.querySelector(".card")) drawn("first");
    if (document.querySelector(`a[href="${last}"]`)) drawn("last");
  }).observe(document, { childList: true, subtree: true });
}

function cpuSeconds() {
  const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function timed(action) {
  const begin = performance.now();
  await action();
  return performance.now() - begin;
}

async function repeat(title, action) {
  const times = [];
  for (let i = 0; i < REPETITIONS; i++) times.push(await timed(action));
  tell(title, times);
}

function tell(title, times) {
  const sorted = times.toSorted((a, b) => a - b);
  const [least, median, most] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
  console.log(`${title}: ${ms(least)} / ${ms(median)} / ${ms(most)} (least, median, most)`);
}

function ms(time) {
  return `${time < 10 ? time.toFixed(1) : time.toFixed(0)} ms`;
}

function pause(time) {
  return new Promise((resolve) => setTimeout(resolve, time));
}
