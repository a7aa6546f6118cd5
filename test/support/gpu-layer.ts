/** @file One layer on the GPU in a net of its own: held against the CPU, and against its own differences. */
import { expect } from "vitest";
import type { Blob } from "../../src/core/blob.ts";
import { createRandom } from "../../src/core/random.ts";
import type { Shape } from "../../src/core/shape.ts";
import { type Device, openCpuDevice } from "../../src/device/index.ts";
import { Net } from "../../src/net/net.ts";
import { expectClose } from "./allclose.ts";
import { netParam } from "./solver.ts";

const SEED = 1701;
const STEP = 1e-2;
const THRESHOLD = 1e-3;
/** Values of a blob whose gradient is measured. */
const PROBES = 6;
/** Sums of up to some hundred products of numbers around 1, in another order. */
const ATOL = 2e-5;

const cpu = openCpuDevice({ threads: 1 });

export interface CompareOptions {
  /** Backward passes, whose parameter gradients add up. */
  readonly passes?: number;
  /** Whether bottoms and all parameters get gradients; else only what learns does. */
  readonly isForced?: boolean;
}

/** The inside of a `layer { }`, with a top for each bottom; or layers from x0, x1, ... to y0, y1, ... */
export type LayerText = string | { readonly net: string };

async function load(
  text: LayerText,
  shapes: readonly Shape[],
  device: Device,
  isForced = true,
): Promise<Net> {
  const inputs = shapes.map(
    (shape, i) => `layer { name: "x${i}" type: "Input" top: "x${i}"
      input_param { shape { ${shape.map((size) => `dim: ${size}`).join(" ")} } } }`,
  );
  const names = shapes.map((_, i) => `bottom: "x${i}" top: "y${i}"`).join(" ");
  const layers = typeof text === "string" ? `layer { name: "tested" ${names} ${text} }` : text.net;
  const param = netParam(`force_backward: ${isForced} ${inputs.join("")} ${layers}`);
  return Net.load(param, { phase: "TRAIN", seed: SEED, device });
}

/** Fills the inputs and, as diffs, the tops with the same numbers on every device. */
async function run(net: Net, passes: number): Promise<void> {
  const random = createRandom(SEED);
  const draw = (blob: Blob) =>
    Float32Array.from({ length: blob.count }, () => random.uniform(-1, 1));
  net.clearParamDiffs();
  for (let pass = 0; pass < passes; pass++) {
    for (const name of net.inputs) net.blobs.get(name)!.set(draw(net.blobs.get(name)!));
    await net.run();
    for (const name of net.outputs) net.blobs.get(name)!.setDiff(draw(net.blobs.get(name)!));
    await net.backward();
  }
  await net.sync();
}

/**
 * Forward and backward on the GPU and on the CPU: same tops, same gradients.
 * @returns how many layers ran on the GPU
 */
export async function compareWithCpu(
  device: Device,
  text: LayerText,
  shapes: readonly Shape[],
  { passes = 1, isForced = true }: CompareOptions = {},
): Promise<number> {
  const [own, expected] = [
    await load(text, shapes, device, isForced),
    await load(text, shapes, cpu, isForced),
  ];
  const onDevice = own.layers.filter((_, i) => own.runsOnDevice(i)).length;
  expect(onDevice, "layers on the device").toBe(own.layers.length - shapes.length);
  for (const net of [own, expected]) await run(net, passes);
  const close = (a: Blob, e: Blob) => {
    expect(a.shape).toEqual(e.shape);
    expectClose(a.data, e.data, { atol: ATOL });
    if (e.hasDiff) expectClose(a.diff, e.diff, { atol: ATOL });
  };
  for (const [name, blob] of expected.blobs) close(own.blobs.get(name)!, blob);
  for (const [name, blobs] of expected.params) {
    for (const [i, blob] of blobs.entries()) close(own.params.get(name)![i]!, blob);
  }
  own.dispose();
  expected.dispose();
  return onDevice;
}

/** Compares gradients of some values of each blob with central differences, all on the GPU. */
export async function expectTrueGradients(
  device: Device,
  text: LayerText,
  shapes: readonly Shape[],
): Promise<void> {
  const net = await load(text, shapes, device);
  await run(net, 1);
  const tops = net.outputs.map((name) => net.blobs.get(name)!);
  const cotangents = tops.map((top) => top.diff.slice());
  const objective = async () => {
    await net.run();
    await net.sync();
    return tops.reduce(
      (sum, { data }, k) => sum + data.reduce((part, y, i) => part + y * cotangents[k]![i]!, 0),
      0,
    );
  };
  const bottoms = net.inputs.map((name) => net.blobs.get(name)!);
  for (const blob of [...bottoms, ...[...net.params.values()].flat()]) {
    const gradient = blob.diff.slice();
    const stride = Math.max(1, Math.floor(blob.count / PROBES));
    for (let i = 0; i < blob.count; i += stride) {
      const value = blob.data[i]!;
      const sides: number[] = [];
      const [above, below] = [Math.fround(value + STEP), Math.fround(value - STEP)];
      for (const moved of [above, below]) {
        blob.data[i] = moved;
        sides.push(await objective());
      }
      blob.data[i] = value;
      const numeric = (sides[0]! - sides[1]!) / (above - below);
      const scale = Math.max(1, Math.abs(gradient[i]!), Math.abs(numeric));
      const what = `gradient [${i}] of ${blob.shape}: ${gradient[i]}, numerically ${numeric}`;
      expect(Math.abs(gradient[i]! - numeric) / scale, what).toBeLessThanOrEqual(THRESHOLD);
    }
  }
  net.dispose();
}
