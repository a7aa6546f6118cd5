import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Device, openCpuDevice } from "../../src/device/index.ts";
import { Net } from "../../src/net/net.ts";
import { Solver } from "../../src/solver/index.ts";
import { openFakeDevice } from "../support/fake-device.ts";
import { expectSameBits } from "../support/same-bits.ts";
import {
  batch,
  feed,
  netParam,
  recordedLogger,
  solverParam,
  temporaryFolder,
} from "../support/solver.ts";

let cpu: Device;
beforeAll(() => {
  cpu = openCpuDevice({ threads: 1 });
});
afterAll(() => cpu.dispose());

const ip = (name: string, bottom: string, top: string) => `
  layer { name: "${name}" type: "InnerProduct" bottom: "${bottom}" top: "${top}"
    inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }`;
const input = `
  layer { name: "in" type: "Input" top: "x" top: "t" input_param { shape { dim: 4 dim: 3 } } }`;
const loss = (bottom: string) => `
  layer { name: "loss" type: "EuclideanLoss" bottom: "${bottom}" bottom: "t" top: "loss" }`;
const tanh = (bottom: string, top: string) => `
  layer { name: "tanh" type: "TanH" bottom: "${bottom}" top: "${top}" }`;

/** A net whose layers are all on the device, but for those of the types that are named. */
async function netOn(text: string, hostTypes: readonly string[] = [], outputsOnly = false) {
  const device = openFakeDevice({ cpu, has: ({ type }) => !hostTypes.includes(type) });
  const phase = outputsOnly ? "TEST" : "TRAIN";
  const net = await Net.load(netParam(text), { phase, seed: 1, device, outputsOnly });
  const pass = async (k = 0) => {
    for (const name of net.inputs) net.blobs.get(name)!.set(batch(k, net.blobs.get(name)!.count));
    await net.runUnread();
    const forward = device.told(net);
    if (outputsOnly) return { forward, backward: [] };
    await net.backward();
    return { forward, backward: device.told(net) };
  };
  const moved = (events: readonly string[]) => events.filter((event) => /^(up|down)/.test(event));
  return { net, device, pass, moved };
}

describe("what goes over between host and device", () => {
  test("is what the host has written, and nothing comes back", async () => {
    const { net, pass, moved } = await netOn(input + ip("ip", "x", "y") + loss("y"));
    const first = await pass(0);
    expect(moved(first.forward)).toEqual(["up x", "up ip[0]", "up ip[1]", "up t"]);
    expect(moved(first.backward)).toEqual([]);
    const second = await pass(1);
    expect(moved(second.forward)).toEqual(["up x", "up t"]);
    expect(moved(second.backward)).toEqual([]);
    net.dispose();
  });

  test("is a host layer's bottoms down and tops up, each way", async () => {
    const text = input + ip("one", "x", "y") + tanh("y", "z") + ip("two", "z", "s") + loss("s");
    const { net, pass } = await netOn(text, ["TanH"]);
    await pass(0);
    const { forward, backward } = await pass(1);
    expect(forward).toEqual([
      ...["up x", "one forward", "down y"],
      ...["up z", "two forward", "up t", "loss forward", "loss"],
    ]);
    expect(backward).toEqual([
      ...["loss backward", "two backward", "down diff of z"],
      ...["up diff of y", "one backward"],
    ]);
    net.dispose();
  });

  test("is one blob each way for a host layer that works in place", async () => {
    const text = input + ip("one", "x", "y") + tanh("y", "y") + ip("two", "y", "s") + loss("s");
    const { net, pass, moved } = await netOn(text, ["TanH"]);
    await pass(0);
    const { forward, backward } = await pass(1);
    expect(moved(forward)).toEqual(["up x", "down y", "up y", "up t"]);
    expect(moved(backward)).toEqual(["down diff of y", "up diff of y"]);
    net.dispose();
  });

  test("is nothing for layers that only give a memory other names or axes", async () => {
    const text = `${input} ${ip("one", "x", "y")}
      layer { name: "split" type: "Split" bottom: "y" top: "a" top: "b" }
      layer { name: "flat" type: "Flatten" bottom: "a" top: "g" }
      layer { name: "axes" type: "Reshape" bottom: "g" top: "f" reshape_param { shape { dim: 0 dim: 3 } } }
      layer { name: "add" type: "Eltwise" bottom: "f" bottom: "b" top: "s" } ${loss("s")}`;
    const { net, pass, moved } = await netOn(text);
    await pass(0);
    const { forward, backward } = await pass(1);
    expect(moved([...forward, ...backward])).toEqual(["up x", "up t"]);
    expect(net.layers.map((_, i) => net.runsOnDevice(i))).toEqual([false, ...Array(6).fill(true)]);
    net.dispose();
  });
});

describe("a blob whose newest values are on the device", () => {
  test("is not read by mistake, comes with sync, and goes up again only when written", async () => {
    const { net, device, pass, moved } = await netOn(input + ip("ip", "x", "y") + loss("y"));
    await pass();
    const y = net.blobs.get("y")!;
    expect(() => y.data).toThrow("call `await blob.sync()` before reading them");
    expect(() => y.diff).toThrow("call `await blob.sync()` before reading them");
    await y.sync();
    expect(y.data.every(Number.isFinite)).toBe(true);
    expect(device.told(net).sort()).toEqual(["down diff of y", "down y"]);
    await y.sync();
    expect(device.told(net)).toEqual([]);
    await pass(1);
    y.set(1); // Stale values are overwritten without being fetched.
    expect(moved(device.told(net))).toEqual([]);
    expect([...y.data]).toEqual(new Array(12).fill(1));
    net.dispose();
  });

  test("is reshaped with the net", async () => {
    const { net, pass } = await netOn(input + ip("ip", "x", "y") + loss("y"));
    await pass();
    for (const name of net.inputs) net.blobs.get(name)!.reshape(7, 3);
    await net.reshape();
    await pass(1);
    const expected = await Net.load(netParam(input + ip("ip", "x", "y") + loss("y")), {
      ...{ phase: "TRAIN", seed: 1, device: cpu },
    });
    for (const name of net.inputs) expected.blobs.get(name)!.reshape(7, 3);
    await expected.reshape();
    const { loss: value } = await expected.forward({ x: batch(1, 21), t: batch(1, 21) });
    expectSameBits((await net.blobs.get("loss")!.sync()).data, value!);
    net.dispose();
    expected.dispose();
  });

  test("is freed with the net, on host and device", async () => {
    const before = cpu.heap.usedBytes;
    const { net, device, pass } = await netOn(input + ip("ip", "x", "y") + loss("y"), ["TanH"]);
    await pass();
    expect(device.live.size).toBeGreaterThan(5);
    net.dispose();
    expect(device.live.size).toBe(0);
    expect(cpu.heap.usedBytes).toBe(before);
  });

  test("is refused before the run where the device cannot hold it, by the name of its layer", async () => {
    const before = cpu.heap.usedBytes;
    const device = openFakeDevice({ cpu, largestBlob: 40 });
    const text = input + ip("ip", "x", "y") + loss("y");
    await expect(Net.load(netParam(text), { phase: "TRAIN", device })).rejects.toThrow(
      'layer "ip" (InnerProduct): its top 0 of 4 3 (12) needs',
    );
    expect(cpu.heap.usedBytes).toBe(before);
    expect(device.live.size).toBe(0);
  });

  test("serves again in a net of which only outputs are looked at", async () => {
    const names = ["a", "b", "c", "d"];
    const chain = names.map((name, i) => ip(name, names[i - 1] ?? "x", name)).join("");
    const text = `layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 4 dim: 3 } } }${chain}`;
    const all = await netOn(text, ["none"]);
    const reused = await netOn(text, [], true);
    for (const k of [0, 1]) {
      await all.pass(k);
      await reused.pass(k);
      const expected = (await all.net.blobs.get("d")!.sync()).data;
      expectSameBits((await reused.net.blobs.get("d")!.sync()).data, expected);
    }
    expect(reused.device.live.size).toBeLessThan(all.device.live.size);
    all.net.dispose();
    reused.net.dispose();
    expect(reused.device.live.size).toBe(0);
  });
});

const trained = `${input} ${ip("one", "x", "y")} ${tanh("y", "y")} ${ip("two", "y", "s")} ${loss("s")}`;
const settings = 'lr_policy: "fixed" momentum: 0.9 weight_decay: 0.01 random_seed: 3';

async function solverOn(device: Device, text: string, net = trained, root = ".", pass = 0) {
  const logger = recordedLogger();
  const param = {
    ...solverParam(`${/base_lr/.test(text) ? "" : "base_lr: 0.1"} ${settings} ${text}`),
    netParam: netParam(net),
  };
  const solver = await Solver.load(param, { device, root, logger });
  feed(solver, pass);
  return { solver, lines: logger.lines };
}

describe("a solver on a device", () => {
  test("fetches nothing in iterations that display nothing, and has all losses in the end", async () => {
    const device = openFakeDevice({ cpu });
    const text = "max_iter: 20 average_loss: 5 snapshot_after_train: false";
    const { solver } = await solverOn(device, text);
    const expected = (await solverOn(cpu, text)).solver;
    await solver.step(1);
    device.told(solver.net);
    await solver.step(5);
    const events = device.told(solver.net).filter((event) => !event.endsWith("ward"));
    expect(new Set(events)).toEqual(new Set(["up x", "up t", "loss", "update"]));
    await expected.step(1);
    await expected.step(5);
    expect(solver.loss).toBeCloseTo(expected.loss, 6);
    solver.dispose();
    expected.dispose();
    expect(device.live.size).toBe(0);
  });

  test("tells observers of every iteration, with a loss that was read", async () => {
    const { solver } = await solverOn(openFakeDevice({ cpu }), "max_iter: 9");
    const seen: number[] = [];
    solver.observe({ onIteration: ({ loss: value }) => void seen.push(value) });
    await solver.step(3);
    expect(seen).toHaveLength(3);
    expect(seen[0]).toBeGreaterThan(0);
    solver.dispose();
  });

  test("goes on from its snapshot bit by bit, on this device or on the CPU", async () => {
    using folder = temporaryFolder();
    const text = `max_iter: 8 snapshot: 4 snapshot_prefix: "s"`;
    const straight = await solverOn(openFakeDevice({ cpu }), text, trained, folder.path);
    await straight.solver.step(8);
    await straight.solver.net.syncParams();
    for (const device of [openFakeDevice({ cpu }), cpu]) {
      const { solver } = await solverOn(device, text, trained, folder.path, 4);
      await solver.restore(join(folder.path, "s_iter_4.solverstate"));
      await solver.step(4);
      await solver.net.syncParams();
      for (const [name, blobs] of straight.solver.net.params) {
        for (const [i, { data }] of blobs.entries()) {
          expectSameBits(solver.net.params.get(name)![i]!.data, data, `${name}[${i}]`);
        }
      }
      solver.dispose();
    }
    straight.solver.dispose();
  });

  test("tests with the parameters where they are, and logs what the CPU logs", async () => {
    const text = `max_iter: 4 display: 1 debug_info: true test_iter: 1 test_interval: 2
      snapshot_after_train: false`;
    const shown = (lines: readonly string[]) =>
      lines.map((line) => line.replace(/\(.* iters?\)/, "")).filter((line) => !/^\s*$/.test(line));
    const device = openFakeDevice({ cpu, has: ({ type }) => type !== "TanH" });
    const onDevice = await solverOn(device, text);
    const onCpu = await solverOn(cpu, text);
    await onDevice.solver.solve();
    await onCpu.solver.solve();
    expect(shown(onDevice.lines)).toEqual(shown(onCpu.lines));
    onDevice.solver.dispose();
    onCpu.solver.dispose();
    expect(device.live.size).toBe(0);
  });

  test("leaves parameters of lr_mult 0 alone", async () => {
    const frozen = trained.replace(
      'top: "y"\n',
      'top: "y" param { lr_mult: 0 } param { lr_mult: 0 }\n',
    );
    expect(frozen).not.toBe(trained);
    const device = openFakeDevice({ cpu });
    const { solver } = await solverOn(device, "max_iter: 3", frozen);
    const before = solver.net.params.get("one")!.map(({ data }) => Float32Array.from(data));
    await solver.step(3);
    await solver.net.syncParams();
    for (const [i, { data }] of solver.net.params.get("one")!.entries()) {
      expectSameBits(data, before[i]!);
    }
    solver.dispose();
  });

  test("names what is not finite when the loss that it reads late is not", async () => {
    const { solver, lines } = await solverOn(openFakeDevice({ cpu }), "base_lr: 1e30 max_iter: 9");
    await solver.step(6);
    expect(lines.join("\n")).toMatch(/The loss is \S+ since iteration \d+\. .* not finite are in /);
    solver.dispose();
  });
});
