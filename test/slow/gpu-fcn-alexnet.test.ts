import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect } from "vitest";
import type { WebGpuDevice } from "../../src/device/webgpu/webgpu-device.ts";
import type { NetParameter } from "../../src/schema/index.ts";
import { Solver } from "../../src/solver/index.ts";
import { onGpu } from "../support/gpu.ts";
import { netParam, solverParam } from "../support/solver.ts";

/** The image's side, and what the channels are divided by. */
interface Scale {
  readonly size: number;
  readonly divisor: number;
}
const small: Scale = { size: 8, divisor: 16 };
/** As it is trained: 57 million parameters. */
const full: Scale = { size: 256, divisor: 1 };

const path = fileURLToPath(new URL("../../networks/fcn-alexnet/network.prototxt", import.meta.url));

/** FCN-AlexNet's training net with filled weights. */
function trainingNet({ size, divisor }: Scale): NetParameter {
  const net = netParam(readFileSync(path, "utf8"));
  const inputs = netParam(`
    layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: ${size} dim: ${size} } } }
    layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 1 dim: 1 dim: ${size} dim: ${size} } } }`);
  const layers = net.layer.filter(
    ({ type, include }) =>
      type !== "Data" && type !== "Python" && !include.some(({ phase }) => phase === "TEST"),
  );
  for (const { type, convolutionParam } of layers) {
    if (type !== "Convolution" || !convolutionParam) continue;
    if (convolutionParam.numOutput! > 21) convolutionParam.numOutput! /= divisor;
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

async function trained(scale: Scale, device: Parameters<typeof Solver.load>[1]) {
  const settings =
    "base_lr: 1e-4 lr_policy: 'fixed' momentum: 0.9 weight_decay: 5e-4 random_seed: 1";
  const param = solverParam(`${settings} max_iter: 100 display: 0 snapshot_after_train: false`);
  const solver = await Solver.load({ ...param, netParam: trainingNet(scale) }, device);
  const pixels = scale.size ** 2;
  solver.net.onBeforeForward((net) => {
    net.blobs.get("data")!.set(Float32Array.from({ length: 3 * pixels }, (_, i) => (37 * i) % 256));
    net.blobs.get("label")!.set(Float32Array.from({ length: pixels }, (_, i) => i % 21));
  });
  return solver;
}

/** Trains on the GPU and on the CPU: what an iteration costs, counted, and the losses of both. */
async function compareTraining(device: WebGpuDevice, scale: Scale): Promise<void> {
  const solver = await trained(scale, { device });
  const expected = await trained(scale, { device: "cpu" });
  const { net } = solver;
  const onHost = net.layers.filter(({ type }, i) => type !== "Input" && !net.runsOnDevice(i));
  expect(onHost.map(({ name }) => name)).toEqual([]);
  const seen: { [Name in keyof typeof device.gpu.counts]: number }[] = [];
  net.onBeforeForward(() => void seen.push({ ...device.gpu.counts }));
  await solver.step(3);
  // What an iteration orders is submitted as the next one starts.
  const spent = (name: keyof (typeof seen)[0]) => seen[2]![name] - seen[1]![name];
  expect(spent("submissions")).toBe(1);
  // A launch costs the host some microseconds; all of them together must not cost milliseconds.
  expect(spent("dispatches")).toBeLessThan(130);
  expect(spent("bytesUp")).toBe(4 * (3 * scale.size ** 2 + scale.size ** 2));
  expect(spent("bytesDown")).toBe(0);
  await expected.step(3);
  expect(net.loss).toBeCloseTo(expected.net.loss, 4);
  solver.dispose();
  expected.dispose();
}

describe("FCN-AlexNet trains wholly on the GPU: one submission an iteration, image and label up, nothing down", () => {
  onGpu("a narrow one", (device) => compareTraining(device, small), 300_000);
  onGpu("as it is", (device) => compareTraining(device, full), 7_200_000);
});
