/** @file A net on two devices: the same blobs and gradients after the same passes. */
import { expect } from "vitest";
import type { Blob } from "../../src/core/blob.ts";
import { createRandom } from "../../src/core/random.ts";
import type { Device } from "../../src/device/index.ts";
import { Net } from "../../src/net/net.ts";
import { expectClose } from "./allclose.ts";
import { SEED } from "./bench-layer.ts";
import { netParam } from "./solver.ts";

/** Two passes forward and backward over the same inputs, with the same diffs for the outputs. */
async function run(net: Net): Promise<void> {
  const random = createRandom(SEED);
  const draw = (blob: Blob) =>
    Float32Array.from({ length: blob.count }, () => random.uniform(-1, 1));
  net.clearParamDiffs();
  for (let pass = 0; pass < 2; pass++) {
    for (const name of net.inputs) net.blobs.get(name)!.set(draw(net.blobs.get(name)!));
    await net.run();
    const diffs = net.outputs.map((name) => [name, draw(net.blobs.get(name)!)] as const);
    await net.backward(Object.fromEntries(diffs));
  }
  await net.sync();
}

/** Runs a net on a device and on the CPU; all layers but the inputs must run on the device. */
export async function compareNets(device: Device, text: string, tolerance = 1e-5): Promise<void> {
  const load = (on: Device | "cpu") =>
    Net.load(netParam(text), { phase: "TRAIN", seed: SEED, device: on });
  const [own, expected] = [await load(device), await load("cpu")];
  const onHost = own.layers.filter(({ type }, i) => type !== "Input" && !own.runsOnDevice(i));
  expect(onHost.map(({ name }) => name)).toEqual([]);
  for (const net of [own, expected]) await run(net);
  const compare = (actual: Blob, wanted: Blob) => {
    expectClose(actual.data, wanted.data, { rtol: tolerance, atol: tolerance });
    if (!wanted.hasDiff) return;
    expectClose(actual.diff, wanted.diff, { rtol: tolerance, atol: tolerance });
  };
  for (const [name, blob] of expected.blobs) compare(own.blobs.get(name)!, blob);
  for (const [name, blobs] of expected.params) {
    for (const [i, blob] of blobs.entries()) compare(own.params.get(name)![i]!, blob);
  }
  own.dispose();
  expected.dispose();
}
