/**
 * How fast cortado is, side by side with others on the same machine:
 *
 *     npm run bench -- [WORKLOAD ...] [--engine wasm|native] [--device cpu|webgpu|tfjs]
 *                      [--peer pytorch|pytorch-cuda|pytorch-cuda-tf32|tfjs] [--threads N] [--repetitions N]
 *                      [--json FILE] [--list]
 *
 * Each contestant runs in a process of its own, and they take turns, a repetition each, so that all meet
 * the same machine. Without --engine both engines run, without --peer all that are found. PyTorch is looked
 * for in the python3 on the PATH, or in CORTADO_BENCH_PYTHON. On a GPU the nets run, beside PyTorch with
 * CUDA in float32 and in TF32; then the heaviest kernels are printed with what they reach.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startContestant } from "./contestant.mjs";
import { nativeProblem } from "../../dist/src/math/index.js";
import { machineLimits } from "./machine.mjs";
import { workloads } from "./workloads.mjs";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: "string", multiple: true },
    device: { type: "string", default: "cpu" },
    peer: { type: "string", multiple: true },
    threads: { type: "string", default: String(Math.min(16, os.availableParallelism())) },
    repetitions: { type: "string" },
    json: { type: "string" },
    list: { type: "boolean", default: false },
  },
});

if (options.list) {
  for (const { name, title } of workloads) console.log(`${name.padEnd(20)} ${title}`);
  process.exit(0);
}
const unknown = positionals.find((name) => !workloads.some((workload) => workload.name === name));
if (unknown) {
  const known = workloads.map(({ name }) => name).join(", ");
  console.error(`bench: there is no workload "${unknown}"; there are ${known}`);
  process.exit(1);
}

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const python = process.env.CORTADO_BENCH_PYTHON ?? "python3";
const isGpu = options.device !== "cpu";
// Layers without a kernel, and what is not arithmetic, use the engine beside a GPU too.
const besideGpu = nativeProblem() ? "wasm" : "native";
const engines = options.engine ?? (isGpu ? [besideGpu] : ["native", "wasm"]);
const peers = options.peer ?? (isGpu ? ["pytorch-cuda", "pytorch-cuda-tf32"] : ["pytorch", "tfjs"]);
const pyTorch = (device) => (workload) => [
  python,
  [file("peers/pytorch.py"), workload, options.threads, device],
];
const PEERS = {
  pytorch: pyTorch("cpu"),
  "pytorch-cuda": pyTorch("cuda"),
  "pytorch-cuda-tf32": pyTorch("cuda-tf32"),
  tfjs: (workload) => [process.execPath, [file("peers/tfjs.mjs"), workload, options.threads]],
};
const MEBI = 2 ** 20;
/** A pause before each turn: threads of the one before may still spin, waiting for work that does not come. */
const PAUSE_MS = 120;
/** How long a turn is at least; what is shorter runs several times in a row, as in a training. */
const TURN_MS = 100;

const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1];
const summary = (times) => ({ min: Math.min(...times), median: median(times) });
const digits = (ms) => (ms < 10 ? ms.toFixed(2) : ms.toFixed(0));

/** Who did not start, and the reason. */
const absent = new Map();

/** Starts everybody who can run the workload; those who cannot are left out. */
async function contestantsOf(workload) {
  const { name } = workload;
  const own = engines.map((engine) => {
    const args = [file("worker.mjs"), name, engine, options.threads, options.device];
    return { engine, command: [process.execPath, args] };
  });
  const others = peers
    .filter((peer) => (workload.peers ?? []).includes(peer.split("-")[0]))
    .map((peer) => ({ peer, command: PEERS[peer](name) }));
  // One after the other: starting up together they would slow each other's first iterations.
  const started = [];
  for (const { command, ...contestant } of [...own, ...others]) {
    const child = await startContestant(...command);
    if (typeof child !== "string") started.push({ ...contestant, process: child });
    else absent.set(contestant.peer ?? `cortado (${contestant.engine})`, child);
  }
  return started;
}

/** Runs one workload. @returns a result for each engine */
async function measure(workload) {
  const contestants = await contestantsOf(workload);
  const repetitions = Number(options.repetitions ?? workload.repetitions);
  const times = new Map(contestants.map((contestant) => [contestant, []]));
  for (let i = -workload.warmUp; i < repetitions; i++) {
    for (const contestant of contestants) {
      await setTimeout(PAUSE_MS);
      const end = performance.now() + TURN_MS;
      do {
        const ms = await contestant.process.iterate();
        if (i >= 0) times.get(contestant).push(ms);
      } while (performance.now() < end);
    }
  }
  for (const contestant of contestants) {
    contestant.peakMemoryBytes = await contestant.process.finish();
    contestant.ms = summary(times.get(contestant));
  }
  const against = contestants.filter(({ peer }) => peer);
  return contestants
    .filter(({ engine }) => engine)
    .map((own) => ({
      workload: workload.name,
      engine: own.engine,
      device: options.device,
      threads: Number(options.threads),
      version: own.process.version,
      ms: own.ms,
      peakMemoryBytes: own.peakMemoryBytes,
      ...(workload.rate && { rate: workload.rate(own.ms) }),
      peers: Object.fromEntries(
        against.map(({ peer, process: { version }, ms, peakMemoryBytes }) => [
          peer,
          { version, ms, peakMemoryBytes, ratio: own.ms.median / ms.median },
        ]),
      ),
    }));
}

function rows({ workload, engine, version, ms, peakMemoryBytes, rate, peers: against }) {
  const memory = (bytes) => `${Math.round(bytes / MEBI)} MiB`;
  const ratios = Object.entries(against).map(
    ([peer, { version: v, ms: theirs, peakMemoryBytes: bytes, ratio }]) =>
      `${ratio.toFixed(2)} x ${peer} ${v} (${digits(theirs.min)} / ${digits(theirs.median)} ms, ${memory(bytes)})`,
  );
  const cells = [
    workload,
    `${engine}${version ? ` (${version})` : ""}`,
    digits(ms.min),
    digits(ms.median),
    memory(peakMemoryBytes),
    rate ?? "",
    ratios.join("; "),
  ];
  return `| ${cells.join(" | ")} |`;
}

if (options.device === "webgpu") await requireGpu();

/** Software would take hours for the large nets; what is named runs on it nevertheless. */
async function requireGpu() {
  const { openWebGpuDevice } = await import("../../dist/src/device/webgpu/webgpu-device.js");
  try {
    const { adapter } = await openWebGpuDevice({ threads: 1 });
    if (!adapter.isSoftware || positionals.length > 0) return;
    console.error(
      `bench: there is no GPU here, only software: ${adapter.name}. Name a workload to run it there`,
    );
  } catch (error) {
    console.error(`bench: ${error.message}`);
  }
  process.exit(1);
}

/** Whether a workload is run: those that were named, or all that mean something on the device. */
function isWanted({ name, onlyByName, runsNet }) {
  if (positionals.length > 0) return positionals.includes(name);
  return !onlyByName && (!isGpu || runsNet);
}

const limits = await machineLimits(Number(options.threads));
const machine = {
  processor: os.cpus()[0]?.model.trim() ?? "unknown",
  cores: os.availableParallelism(),
  memoryBytes: os.totalmem(),
  platform: `${os.type()} ${os.release()} ${os.arch()}`,
  node: process.version,
  loadBefore: os.loadavg()[0],
  ...limits,
};
console.log(
  `${machine.processor}, ${machine.cores} cores, ${machine.platform}, Node ${machine.node}, load ` +
    `${machine.loadBefore.toFixed(1)}. With ${options.threads} threads: ` +
    `${limits.gflops?.toFixed(0) ?? "?"} GFLOP/s in a product of 1024 x 1024 matrices, ` +
    `${limits.gigabytesPerSecond.toFixed(1)} GB/s in y += x, ` +
    `${limits.roundTripNanoseconds?.toFixed(0) ?? "?"} ns from thread to thread and back.\n`,
);
console.log(
  "| workload | engine | min ms | median ms | peak memory | | median against peers (min / median, memory) |",
);
console.log("|---|---|---|---|---|---|---|");
const results = [];
for (const workload of workloads) {
  if (!isWanted(workload)) continue;
  try {
    for (const result of await measure(workload)) {
      results.push(result);
      console.log(rows(result));
    }
  } catch (error) {
    console.log(`| ${workload.name} | ${error.message} |`);
  }
}
if (absent.size > 0) {
  const reasons = [...absent].map(([who, reason]) => `${who} (${reason})`);
  console.log(`\nNot there: ${reasons.join("; ")}.`);
}
if (options.device === "webgpu") {
  for (const { workload } of results) {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [file("roofline.mjs"), workload, options.threads],
      { encoding: "utf8" },
    );
    console.log(stdout || stderr);
  }
}
if (options.json)
  writeFileSync(options.json, `${JSON.stringify({ machine, results }, undefined, 2)}\n`);
process.exit(results.length > 0 ? 0 : 1);
