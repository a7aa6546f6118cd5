import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { messages, runIn } from "../support/golden-cli.ts";
import { hideGpus, onGpu } from "../support/gpu.ts";
import { temporaryFolder } from "../support/solver.ts";

const net = `
  name: "Ramp"
  layer { name: "data" type: "DummyData" top: "x" top: "t" dummy_data_param {
    shape { dim: 4 dim: 3 } shape { dim: 4 dim: 2 }
    data_filler { type: "constant" value: 0.5 } data_filler { type: "constant" value: 1 } } }
  layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y"
    inner_product_param { num_output: 2 weight_filler { type: "constant" value: 0.1 } } }
  layer { name: "relu" type: "ReLU" bottom: "y" top: "y" }
  layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "t" top: "loss" }`;
const solver = `net: "net.prototxt" base_lr: 0.1 lr_policy: "fixed" momentum: 0.9 max_iter: 5
  display: 1 snapshot_prefix: "ramp" random_seed: 1`;

let folder: ReturnType<typeof temporaryFolder>;
beforeAll(() => {
  folder = temporaryFolder();
  const write = (name: string, text: string) => writeFileSync(join(folder.path, name), text);
  write("net.prototxt", net);
  write("solver.prototxt", solver);
  write("gpu-solver.prototxt", `${solver} solver_mode: GPU`);
});
afterAll(() => folder[Symbol.dispose]());

const train = (...flags: string[]) =>
  runIn(folder.path, ["train", "-solver", "solver.prototxt", ...flags]);
const losses = (err: readonly string[]) =>
  messages(err, "Solving").filter((line) => / loss = /.test(line));

describe("where no GPU is", () => {
  let none: Disposable;
  beforeAll(() => {
    none = hideGpus();
  });
  afterAll(() => none[Symbol.dispose]());

  test("Caffe's commands compute on the CPU, and say so as Caffe does", async () => {
    const { code, err } = await train();
    expect(code).toBe(0);
    expect(err.filter((line) => line.includes("Use CPU."))).toHaveLength(1);
    expect(err.join("\n")).not.toContain("device auto");
  });

  test("auto takes the CPU and says why in one line", async () => {
    const { code, err } = await train("--device", "auto");
    expect(code).toBe(0);
    const said = err.filter((line) => line.includes("device auto"));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/taking the CPU \(.*threads\), as no GPU was found: /);
  });

  test.each([
    [["-gpu", "0"], "Cannot use GPU 0: no GPU was found: "],
    [["-gpu", "all"], "Cannot use GPU all: no GPU was found: "],
    [["-gpu", "one"], '-gpu is "one"; give a GPU\'s number'],
    [["-gpu", "0", "--device", "cpu"], "--device cpu and -gpu 0 contradict each other"],
    [["--device", "gpu"], '--device is "gpu"; give one of auto, cpu, webgpu, tfjs'],
  ])("%j is refused in one line, with code 1", async (flags, message) => {
    for (const command of ["train -solver solver.prototxt", "time -model net.prototxt"]) {
      const { code, err } = await runIn(folder.path, [...command.split(" "), ...flags]);
      expect(code).toBe(1);
      expect(err.at(-1)).toContain(`cortado: ${message}`);
    }
  });

  test("a solver of solver_mode GPU is trained on the CPU, with the reason as a warning", async () => {
    const { code, err } = await runIn(folder.path, ["train", "-solver", "gpu-solver.prototxt"]);
    expect(code).toBe(0);
    expect(err.filter((line) => line.startsWith("W"))).toEqual([
      expect.stringMatching(/solver_mode is GPU, but no GPU was found: .*: training on the CPU$/),
    ]);
  });

  test("device_query says what was looked for, and what to do", async () => {
    const { code, out } = await runIn(folder.path, ["device_query"]);
    expect(code).toBe(0);
    expect(out).toEqual(expect.arrayContaining(["Device:    cpu", "Device:    webgpu"]));
    expect(out.join("\n")).toMatch(/Missing: +no GPU was found: /);
    expect(out.join("\n")).toMatch(/To do: +\S/);
  });
});

onGpu("--device webgpu trains as the CPU does, and names what it runs on", async ({ hardware }) => {
  const cpu = await train();
  const gpu = await train("--device", "webgpu");
  expect(gpu.code).toBe(0);
  expect(gpu.err.join("\n")).toContain(`Using webgpu: ${hardware}`);
  const [expected, actual] = [cpu, gpu].map(({ err }) =>
    losses(err).map((line) => Number(/ loss = (\S+)/.exec(line)![1])),
  );
  expect(expected!.length).toBeGreaterThan(5);
  for (const [i, loss] of actual!.entries()) expect(loss).toBeCloseTo(expected![i]!, 4);
});

onGpu("time says what runs where, and what goes over in an iteration", async ({ name }) => {
  const args = ["time", "-model", "net.prototxt", "-iterations", "2", "--device", "webgpu"];
  const { code, out } = await runIn(folder.path, args);
  expect(code).toBe(0);
  const row = (layer: string) => out.find((line) => line.startsWith(layer))!;
  expect(row("relu")).toMatch(new RegExp(` ${name}\\b`));
  expect(row("data")).toMatch(/ host\b/);
  expect(out).toContainEqual(expect.stringMatching(/^on the host +data \(DummyData\)/));
  const counts = /[\d.]+ submissions, [\d.]+ dispatches, \d+ bytes up, \d+ bytes down$/;
  expect(out.at(-1)).toMatch(counts);
});
