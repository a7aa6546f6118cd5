import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openCpuDevice } from "../../src/device/index.ts";
import { Net } from "../../src/net/net.ts";
import { Solver, type SolverOptions } from "../../src/solver/index.ts";
import { recordedLogger, regressionNet, temporaryFolder } from "../support/solver.ts";

const base = 'base_lr: 0.1 lr_policy: "fixed" random_seed: 3';

/** A folder with the net and, in `weights/`, two caffemodels whose weights are all 1 and all 2. */
async function workshop() {
  const folder = temporaryFolder();
  writeFileSync(join(folder.path, "net.prototxt"), regressionNet);
  mkdirSync(join(folder.path, "weights"));
  for (const value of [1, 2]) {
    const net = await Net.load(join(folder.path, "net.prototxt"));
    for (const blob of net.params.get("ip")!) blob.data.fill(value);
    await net.save(join(folder.path, "weights", `${value}.caffemodel`));
    net.dispose();
  }
  async function load(text: string, options: SolverOptions = {}): Promise<Solver> {
    const file = join(folder.path, "solver.prototxt");
    writeFileSync(file, `${base} ${text}`);
    return Solver.load(file, { root: folder.path, ...options });
  }
  return { path: folder.path, load, [Symbol.dispose]: folder[Symbol.dispose] };
}

function weightsOf({ net, testNets }: Solver): number[] {
  return [net, ...testNets].map(({ params }) => params.get("ip")![0]!.data[0]!);
}

describe("weights", () => {
  test("of the prototxt go into the train net and every test net, relative to the root", async () => {
    using shop = await workshop();
    const solver = await shop.load(
      'net: "net.prototxt" test_iter: 1 test_interval: 1 weights: "weights/1.caffemodel"',
    );
    expect(weightsOf(solver)).toEqual([1, 1]);
    solver.dispose();
  });

  test("may be several in one entry, with commas; the last one wins", async () => {
    using shop = await workshop();
    const logger = recordedLogger();
    const weights = "weights/2.caffemodel, weights/1.caffemodel";
    const solver = await shop.load(`net: "net.prototxt" weights: "${weights}"`, { logger });
    expect(weightsOf(solver)).toEqual([1]);
    expect(logger.lines.filter((line) => line.startsWith("Finetuning"))).toHaveLength(2);
    solver.dispose();
  });

  test("given as an option replace those of the prototxt", async () => {
    using shop = await workshop();
    const weights = join(shop.path, "weights/2.caffemodel");
    const solver = await shop.load('net: "net.prototxt" weights: "weights/nope.caffemodel"', {
      weights,
    });
    expect(weightsOf(solver)).toEqual([2]);
    expect(solver.param.weights).toEqual([weights]);
    solver.dispose();
  });
});

describe("states", () => {
  test("of the solver go over those of the nets: level replaced, stages added", async () => {
    using shop = await workshop();
    writeFileSync(
      join(shop.path, "net.prototxt"),
      `state { level: 3 stage: "net" phase: TEST } ${regressionNet}`,
    );
    const logger = recordedLogger();
    const solver = await shop.load(
      `net: "net.prototxt" test_iter: 1 test_iter: 1 test_interval: 1
       train_state { level: 1 stage: "train" phase: TRAIN } test_state { } test_state { stage: "b" level: 7 }`,
      { logger },
    );
    const printed = logger.lines.flatMap(
      (line) => /^Initializing net.*?(state {.*?\n})/s.exec(line)?.[1] ?? [],
    );
    const state = (...lines: string[]) =>
      ["state {", ...lines.map((line) => `  ${line}`), "}"].join("\n");
    expect(printed).toEqual([
      state("phase: TRAIN", "level: 1", 'stage: "net"', 'stage: "train"'),
      state("phase: TEST", "level: 3", 'stage: "net"'),
      state("phase: TEST", "level: 7", 'stage: "net"', 'stage: "b"'),
    ]);
    solver.dispose();
  });

  test("are printed with what was given, and no defaults", async () => {
    using shop = await workshop();
    const logger = recordedLogger();
    const solver = await shop.load('net: "net.prototxt" layer_wise_reduce: false device_id: 2', {
      logger,
    });
    expect(logger.lines.find((line) => line.startsWith("Initializing net"))).toContain(
      "\nstate {\n  phase: TRAIN\n}\n",
    );
    solver.dispose();
  });
});

describe("nets by file", () => {
  test("train_net and test_net", async () => {
    using shop = await workshop();
    const logger = recordedLogger();
    writeFileSync(
      join(shop.path, "test.prototxt"),
      regressionNet.replace('"Regression"', '"Tested"'),
    );
    const solver = await shop.load(
      'train_net: "net.prototxt" test_net: "test.prototxt" test_iter: 1 test_interval: 1',
      { logger },
    );
    expect([solver.net, ...solver.testNets].map(({ name }) => name)).toEqual([
      "Regression",
      "Tested",
    ]);
    expect(logger.lines).toContain("Creating training net from train_net file: net.prototxt");
    expect(logger.lines).toContain(
      "Creating test net (#0) specified by test_net file: test.prototxt",
    );
    solver.dispose();
  });

  test("all nets draw from one generator: the same seed gives the same weights", async () => {
    using shop = await workshop();
    const text = 'net: "net.prototxt" test_iter: 1 test_interval: 1';
    const [a, b] = [await shop.load(text), await shop.load(text)];
    expect(weightsOf(a)).toEqual(weightsOf(b));
    expect(weightsOf(a)[0]).not.toBe(weightsOf(a)[1]);
    a.dispose();
    b.dispose();
  });
});

describe("memory", () => {
  test("is given back when a solver is disposed of", async () => {
    using shop = await workshop();
    const device = openCpuDevice({ threads: 1 });
    const before = device.heap.usedBytes;
    const text = 'net: "net.prototxt" test_iter: 1 test_interval: 1 momentum: 0.9 type: "Adam"';
    const solver = await shop.load(text, { device });
    await solver.step(3);
    expect(device.heap.usedBytes).toBeGreaterThan(before);
    solver.dispose();
    expect(device.heap.usedBytes).toBe(before);
    device.dispose();
  });

  test("is given back when a solver cannot be loaded", async () => {
    using shop = await workshop();
    const device = openCpuDevice({ threads: 1 });
    const before = device.heap.usedBytes;
    const broken = 'net: "net.prototxt" weights: "weights/nope.caffemodel"';
    await expect(shop.load(broken, { device })).rejects.toThrow("nope.caffemodel");
    const snapshot = join(shop.path, "nope.solverstate");
    await expect(shop.load('net: "net.prototxt"', { device, snapshot })).rejects.toThrow();
    expect(device.heap.usedBytes).toBe(before);
    device.dispose();
  });
});
