/**
 * @file What is measured. `prepare` returns a function that runs once; where it returns a number, those are
 * the milliseconds. `rate` says more about a result.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Net, Solver, openCpuDevice, parsePrototxt, readCaffemodel } from "../../dist/src/index.js";
import { createLmdb, openLmdb } from "../../dist/src/data/index.js";
import { alexNet, longPrototxt, squeezeNet, trainingNet } from "./nets.mjs";

const main = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));

/** A folder that goes when the process ends. */
function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), "cortado-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const SOLVER =
  "base_lr: 1e-4 lr_policy: 'fixed' momentum: 0.9 weight_decay: 5e-4 max_iter: 1000000 random_seed: 1";

async function solverOf(netParam, { threads, device }) {
  const param = parsePrototxt(SOLVER, { message: "SolverParameter" });
  return Solver.load({ ...param, netParam, snapshotAfterTrain: false }, { threads, device });
}

/** What one iteration costs when so many follow each other; on the CPU each is timed for itself. */
const roundsOn = ({ remote, hardware }) => (!remote || /software/.test(hardware) ? 1 : 20);

/** Milliseconds of one of several runs that are handed over without waiting in between. */
async function timed(rounds, run) {
  const start = performance.now();
  await run(rounds);
  return (performance.now() - start) / rounds;
}

/** One training iteration: forward, backward, update. */
const training = (net) =>
  Object.assign(
    async (settings) => {
      const solver = await solverOf(net(), settings);
      const rounds = roundsOn(solver.net.device);
      // At its end a step reads the losses, and so waits for the device.
      return named(solver.net, () => timed(rounds, () => solver.step(rounds)));
    },
    { net },
  );

/** The solver of a workload that trains, for a device that is open. */
export async function trainingSolver(name, settings) {
  const net = workloads.find((workload) => workload.name === name)?.prepare.net;
  return net && solverOf(net(), settings);
}

/** One forward pass in the TEST phase. */
const inference = (net) => async (settings) => {
  const built = await Net.load(net(), { ...settings, phase: "TEST", outputsOnly: true });
  const [input] = built.inputs.map((name) => built.blobs.get(name));
  input.set(Float32Array.from({ length: input.count }, (_, i) => Math.sin(i)));
  const rounds = roundsOn(built.device);
  return named(built, () =>
    timed(rounds, async () => {
      for (let i = 1; i < rounds; i++) await built.runUnread();
      await built.run();
      await built.sync();
    }),
  );
};

/** Lets the function tell the instruction set that its engine runs on. */
function named(net, run) {
  const { device } = net;
  return Object.assign(run, { version: device.hardware ?? net.engine.instructionSet });
}

const label = (...shape) => ({ shape, filler: "value: 1" });
const pixels = (...shape) => ({ shape, filler: "value: 127" });
const fcnAlexNet = () =>
  trainingNet("fcn-alexnet", { data: pixels(1, 3, 256, 256), label: label(1, 1, 256, 256) });

/** FCN-AlexNet: 57 million parameters, which make a caffemodel of 228 MB. */
const largeNet = () => Net.load(fcnAlexNet(), { phase: "TRAIN", threads: 1 });

/** Saves it in a process of its own, whose memory does not count. */
function savedModel() {
  const path = join(temporaryFolder(), "model.caffemodel");
  const here = fileURLToPath(import.meta.url);
  const script = `import { saveLargeNet } from ${JSON.stringify(here)}; await saveLargeNet(${JSON.stringify(path)});`;
  execFileSync(process.execPath, ["--input-type=module", "-e", script]);
  return path;
}

export async function saveLargeNet(path) {
  const net = await largeNet();
  await net.save(path);
  net.dispose();
}

/** A process of the built command line. */
const command =
  (...args) =>
  async () => {
    const folder = temporaryFolder();
    return () => {
      const { status } = spawnSync(process.execPath, [main, ...args], { cwd: folder });
      if (status !== 0 && !args.includes("--help")) throw new Error(`${args[0]} failed`);
    };
  };

const RECORDS = 2000;
const RECORD_BYTES = 65 * 1024;

async function lmdbRead() {
  const path = join(temporaryFolder(), "db");
  const writer = createLmdb(path);
  const value = Buffer.alloc(RECORD_BYTES, 7);
  for (let i = 0; i < RECORDS; i++) writer.put(Buffer.from(String(i).padStart(8, "0")), value);
  await writer.close();
  const reader = openLmdb(path);
  let sum = 0;
  return () => {
    const cursor = reader.cursor();
    for (let has = cursor.first(); has; has = cursor.next()) {
      // Every cache line of a record is read.
      const bytes = cursor.value;
      for (let i = 0; i < bytes.length; i += 64) sum += bytes[i];
    }
    if (sum === 0) throw new Error("nothing was read");
  };
}

/** Slices of the phantom's patients, about a thousand of them labelled. */
async function dicomToLmdb() {
  const folder = temporaryFolder();
  const patients = join(folder, "phantom");
  const run = (...args) =>
    execFileSync(process.execPath, [main, "dataset", ...args], { stdio: "pipe" });
  run("phantom", "--out", patients, "--patients", "50", "--seed", "1");
  let round = 0;
  const build = () => {
    const out = join(folder, `dataset-${round++}`);
    const start = performance.now();
    const said = run(
      ...["sunnybrook", "--images", join(patients, "challenge_training")],
      ...[
        "--contours",
        join(patients, "Sunnybrook Cardiac MR Database ContoursPart3"),
        "--out",
        out,
      ],
    );
    const ms = performance.now() - start;
    const slices =
      recordsIn(join(out, "train_db/features")) + recordsIn(join(out, "val_db/features"));
    rmSync(out, { recursive: true });
    if (slices === 0) throw new Error(`no slices: ${said}`);
    // As for a thousand slices, so that the rate can be read off.
    return (ms / slices) * 1000;
  };
  return build;
}

function recordsIn(path) {
  const reader = openLmdb(path);
  const { entries } = reader;
  reader.close();
  return entries;
}

async function update(settings) {
  const solver = await solverOf(fcnAlexNet(), settings);
  const { engine, learnableParams } = solver.net;
  const history = solver.history;
  return named(solver.net, () => {
    learnableParams.forEach(({ blob }, i) => {
      engine.sgdStep({
        ...{ count: blob.count, data: blob.dataPointer, diff: blob.diffPointer },
        ...{ history: history[i].dataPointer, rate: 1e-4, momentum: 0.9, decay: 5e-4, scale: 1 },
      });
    });
  });
}

/**
 * Resident memory that 100 iterations add, in MB, printed in place of milliseconds: the slope of the
 * line that fits best through what is measured 20 times in `iterations`, after a third as many.
 */
const memorySlope = (net, iterations) => async (settings) => {
  const run = await training(net)(settings);
  const collectGarbage = garbageCollector();
  return async () => {
    for (let i = 0; i < iterations / 3; i++) await run();
    const points = [];
    for (let i = 0; i <= iterations; i++) {
      if (i % (iterations / 20) === 0) {
        collectGarbage();
        points.push([i / 100, process.memoryUsage.rss() / 1e6]);
      }
      await run();
    }
    return slope(points);
  };
};

/** V8's own, whatever flags Node was started with: what it could free is no leak. */
function garbageCollector() {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

/** Of the line of least squares through points [x, y]. */
function slope(points) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x0, y0] = [0, 1].map((axis) => mean(points.map((point) => point[axis])));
  const product = mean(points.map(([x, y]) => (x - x0) * (y - y0)));
  return product / mean(points.map(([x]) => (x - x0) ** 2));
}

const leNet = () => trainingNet("lenet", { data: pixels(64, 1, 28, 28), label: label(64) });
const unet = () =>
  trainingNet("unet-small", {
    data: { shape: [4, 1, 256, 256], filler: 'type: "gaussian" std: 50' },
    label: label(4, 1, 256, 256),
  });
const fcn8s = () =>
  trainingNet("fcn-8s", { data: pixels(1, 3, 256, 256), label: label(1, 1, 256, 256) });

const train = { warmUp: 2, repetitions: 10, peers: ["pytorch"] };
const forward = { warmUp: 3, repetitions: 20, peers: ["pytorch", "tfjs"] };
const once = { warmUp: 1, repetitions: 7 };
const perSecond = (count, unit) => ({
  rate: ({ min }) => `${((count / min) * 1000).toFixed(0)} ${unit}/s`,
});

export const workloads = [
  {
    name: "fcn-alexnet",
    title: "FCN-AlexNet, 21 classes, training iteration, 1 x 3 x 256 x 256",
    ...train,
    runsNet: true,
    prepare: training(fcnAlexNet),
  },
  {
    name: "fcn-8s",
    title: "FCN-8s, 21 classes, training iteration, 1 x 3 x 256 x 256",
    ...train,
    warmUp: 1,
    repetitions: 5,
    runsNet: true,
    prepare: training(fcn8s),
  },
  {
    name: "alexnet-forward",
    title: "AlexNet, forward, batch 1",
    ...forward,
    runsNet: true,
    prepare: inference(() => alexNet(1)),
  },
  {
    name: "alexnet-forward-16",
    title: "AlexNet, forward, batch 16",
    ...forward,
    repetitions: 10,
    runsNet: true,
    prepare: inference(() => alexNet(16)),
  },
  {
    name: "squeezenet-forward",
    title: "SqueezeNet v1.0, forward, batch 1",
    ...forward,
    runsNet: true,
    prepare: inference(() => squeezeNet(1)),
  },
  {
    name: "lenet",
    title: "LeNet, training iteration, batch 64",
    ...train,
    warmUp: 20,
    repetitions: 100,
    runsNet: true,
    prepare: training(leNet),
  },
  {
    name: "unet-small",
    title: "the small U-Net, training iteration, 4 x 1 x 256 x 256",
    ...train,
    runsNet: true,
    prepare: training(unet),
  },
  {
    name: "update",
    title: "SGD update of 57 million parameters",
    ...train,
    ...perSecond((5 * 4 * 57e6) / 1e9, "GB (5 passes)"),
    prepare: update,
  },
  {
    name: "load-caffemodel",
    title: "readCaffemodel, 228 MB",
    ...once,
    peers: ["pytorch"],
    async prepare() {
      const path = savedModel();
      return async () => void (await readCaffemodel(path));
    },
  },
  {
    name: "save-caffemodel",
    title: "net.save with fsync, 228 MB",
    ...once,
    peers: ["pytorch"],
    async prepare() {
      const net = await largeNet();
      const path = join(temporaryFolder(), "model.caffemodel");
      return () => net.save(path);
    },
  },
  {
    name: "parse-prototxt",
    title: "parsePrototxt, 2,500 layers",
    ...once,
    async prepare() {
      const text = longPrototxt(2500);
      return () => void parsePrototxt(text, { message: "NetParameter" });
    },
  },
  {
    name: "lmdb-read",
    title: `reading ${RECORDS} records of 65 KiB`,
    ...once,
    ...perSecond((RECORDS * RECORD_BYTES) / 1e6, "MB"),
    prepare: lmdbRead,
  },
  {
    name: "dicom-to-lmdb",
    title: "DICOM and contours to a dataset, per 1,000 slices",
    ...once,
    repetitions: 3,
    ...perSecond(1000, "slices"),
    prepare: dicomToLmdb,
  },
  { name: "start-help", title: "cortado --help, a process", ...once, prepare: command("--help") },
  {
    name: "start-time-lenet",
    title: "cortado time on LeNet, one iteration, a process",
    ...once,
    prepare: timeLeNet,
  },
  {
    name: "memory-slope",
    title: "MB that 100 iterations of LeNet add (not ms)",
    warmUp: 0,
    repetitions: 1,
    onlyByName: true,
    prepare: memorySlope(leNet, 1000),
  },
  {
    name: "memory-slope-unet",
    title: "MB that 100 iterations of the small U-Net add (not ms)",
    warmUp: 0,
    repetitions: 1,
    onlyByName: true,
    prepare: memorySlope(unet, 200),
  },
];

async function timeLeNet() {
  const { printPrototxt } = await import("../../dist/src/index.js");
  const { writeFileSync } = await import("node:fs");
  const path = join(temporaryFolder(), "lenet.prototxt");
  writeFileSync(path, printPrototxt(leNet(), { message: "NetParameter" }));
  return (await command("time", "--model", path, "--iterations", "1"))();
}

/** What the machine's limits are measured with. */
export const probes = [
  {
    name: "product",
    async prepare({ threads }) {
      const { heap, engine } = openCpuDevice({ threads });
      const n = 1024;
      const [a, b, c] = [0, 1, 2].map(() => heap.allocate(4 * n * n));
      return () => engine.gemm(false, false, n, n, n, 1, a, b, 0, c);
    },
  },
  {
    name: "stream",
    async prepare({ threads }) {
      const { heap, engine } = openCpuDevice({ threads });
      const n = 2 ** 25;
      const [x, y] = [0, 1].map(() => heap.allocate(4 * n));
      return () => engine.add(n, x, y, y);
    },
  },
];
