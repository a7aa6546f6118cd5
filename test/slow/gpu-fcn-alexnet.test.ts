import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { NetParameter } from "../../src/schema/index.ts";
import { Solver } from "../../src/solver/index.ts";
import { onGpu } from "../support/gpu.ts";
import { netParam, solverParam } from "../support/solver.ts";

const SIZE = 8;
const path = fileURLToPath(new URL("../../networks/fcn-alexnet/network.prototxt", import.meta.url));

/** FCN-AlexNet's training net for a small image, with a sixteenth of its channels and filled weights. */
function narrowNet(): NetParameter {
  const net = netParam(readFileSync(path, "utf8"));
  const inputs = netParam(`
    layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: ${SIZE} dim: ${SIZE} } } }
    layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 1 dim: 1 dim: ${SIZE} dim: ${SIZE} } } }`);
  const layers = net.layer.filter(
    ({ type, include }) =>
      type !== "Data" && type !== "Python" && !include.some(({ phase }) => phase === "TEST"),
  );
  for (const { type, convolutionParam } of layers) {
    if (type !== "Convolution" || !convolutionParam) continue;
    if (convolutionParam.numOutput! > 21) convolutionParam.numOutput! /= 16;
    convolutionParam.weightFiller = filler;
  }
  return {
    ...net,
    layer: [...inputs.layer, ...layers.map((layer) => ({ ...layer, include: [] }))],
  };
}

const filler = netParam(
  'layer { name: "f" type: "InnerProduct" inner_product_param { weight_filler { type: "xavier" } } }',
).layer[0]!.innerProductParam!.weightFiller!;

async function trained(device: Parameters<typeof Solver.load>[1]) {
  const settings =
    "base_lr: 1e-4 lr_policy: 'fixed' momentum: 0.9 weight_decay: 5e-4 random_seed: 1";
  const param = solverParam(`${settings} max_iter: 100 display: 0 snapshot_after_train: false`);
  const solver = await Solver.load({ ...param, netParam: narrowNet() }, device);
  solver.net.onBeforeForward((net) => {
    net.blobs
      .get("data")!
      .set(Float32Array.from({ length: 3 * SIZE ** 2 }, (_, i) => (37 * i) % 256));
    net.blobs.get("label")!.set(Float32Array.from({ length: SIZE ** 2 }, (_, i) => i % 21));
  });
  return solver;
}

onGpu(
  "FCN-AlexNet trains wholly on the GPU: one submission an iteration, image and label up, nothing down",
  async (device) => {
    const [solver, expected] = [await trained({ device }), await trained({ device: "cpu" })];
    const { net } = solver;
    const onHost = net.layers.filter(({ type }, i) => type !== "Input" && !net.runsOnDevice(i));
    expect(onHost.map(({ name }) => name)).toEqual([]);
    await solver.step(1);
    const seen: { [Name in keyof typeof device.gpu.counts]: number }[] = [];
    net.onBeforeForward(() => void seen.push({ ...device.gpu.counts }));
    await solver.step(4);
    // What an iteration orders is submitted as the next one starts; before the first nothing waits.
    for (const i of [2, 3]) {
      const spent = (name: keyof (typeof seen)[0]) => seen[i]![name] - seen[i - 1]![name];
      expect(spent("submissions")).toBe(1);
      // A launch costs the host some microseconds; all of them together must not cost milliseconds.
      expect(spent("dispatches")).toBeLessThan(130);
      expect(spent("bytesUp")).toBe(4 * (3 * SIZE ** 2 + SIZE ** 2));
      expect(spent("bytesDown")).toBe(0);
    }
    await expected.step(5);
    expect(net.loss).toBeCloseTo(expected.net.loss, 4);
    solver.dispose();
    expected.dispose();
  },
  300_000,
);
