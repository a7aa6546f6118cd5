/** @file A layer in a net of its own, run on two devices side by side, or differentiated numerically on one. */
import { expect } from "vitest";
import { createRandom } from "../../src/core/random.ts";
import type { Device } from "../../src/device/index.ts";
import { Net } from "../../src/net/net.ts";
import { type Phase, parsePrototxt } from "../../src/schema/index.ts";
import { expectClose } from "./allclose.ts";
import { type BottomSpec, SEED, drawValues, shapeOf } from "./bench-layer.ts";

const STEP = 1e-2;
const THRESHOLD = 2e-3;

export interface DeviceLayerOptions {
  readonly tops?: number;
  readonly phase?: Phase;
  readonly inPlace?: boolean;
  readonly propagateDown?: readonly boolean[];
  /** Relative and absolute tolerance; 1e-5 where absent. */
  readonly tolerance?: number;
  /** For layers that have no backward pass. */
  readonly noGradient?: boolean;
}

/** A net of one layer over inputs, and what its tops' diffs are to be. */
interface LayerNet {
  readonly net: Net;
  readonly bottoms: readonly string[];
  readonly tops: readonly string[];
  readonly cotangents: ReadonlyMap<string, Float32Array>;
}

/** Runs a layer on the CPU and on the device: tops, gradients, and gradients that are added to must agree. */
export async function compareWithCpu(
  device: Device,
  text: string,
  specs: readonly BottomSpec[],
  options: DeviceLayerOptions = {},
): Promise<void> {
  const [results, expected] = [
    await resultsOf(device, text, specs, options),
    await resultsOf("cpu", text, specs, options),
  ];
  const tolerance = options.tolerance ?? 1e-5;
  for (const [name, values] of expected) {
    try {
      expectClose(results.get(name)!, values, { rtol: tolerance, atol: tolerance });
    } catch (error) {
      throw new Error(`${name} of ${text}`, { cause: error });
    }
  }
}

/** Tops, diffs of bottoms and of learnable blobs of two passes, by name. */
async function resultsOf(
  device: Device | "cpu",
  text: string,
  specs: readonly BottomSpec[],
  options: DeviceLayerOptions,
): Promise<Map<string, Float32Array>> {
  const { net, bottoms, tops, cotangents } = await layerNet(device, text, specs, options);
  const found = new Map<string, Float32Array>();
  try {
    net.clearParamDiffs();
    for (const pass of [1, 2]) {
      drawBottoms(net, specs);
      await net.run();
      found.set(`loss ${pass}`, Float32Array.of(net.loss));
      await net.sync();
      for (const top of tops) found.set(`${top} ${pass}`, net.blobs.get(top)!.data.slice());
      if (options.noGradient) continue;
      await net.backward(Object.fromEntries(cotangents));
      await net.sync();
      bottoms.forEach((bottom, i) => {
        if (options.propagateDown?.[i] === false) return;
        found.set(`diff of ${bottom} ${pass}`, net.blobs.get(bottom)!.diff.slice());
      });
      (net.params.get("bench") ?? []).forEach((blob, i) => {
        found.set(`blob ${i} ${pass}`, blob.data.slice());
        found.set(`diff of blob ${i} ${pass}`, blob.diff.slice());
      });
    }
    return found;
  } finally {
    net.dispose();
  }
}

/** Compares the gradients that a device computes with central differences of what it computes forward. */
export async function checkDeviceGradient(
  device: Device,
  text: string,
  specs: readonly BottomSpec[],
  options: DeviceLayerOptions = {},
): Promise<void> {
  const { net, bottoms, tops, cotangents } = await layerNet(device, text, specs, options);
  const objective = async (): Promise<number> => {
    const outputs = await net.forward();
    let sum = 0;
    for (const top of tops) {
      const cotangent = cotangents.get(top);
      const weight = net.lossWeightOf(top);
      outputs[top]!.forEach((value, i) => {
        sum += value * (cotangent?.[i] ?? weight);
      });
    }
    return sum;
  };
  try {
    net.clearParamDiffs();
    await objective();
    await net.backward(Object.fromEntries(cotangents));
    await net.sync();
    const checked = [...bottoms.filter((_, i) => options.propagateDown?.[i] ?? true)].map(
      (name) => net.blobs.get(name)!,
    );
    checked.push(...(net.params.get("bench") ?? []));
    const analytic = checked.map((blob) => blob.diff.slice());
    for (const [b, blob] of checked.entries()) {
      const values = blob.data.slice();
      for (let i = 0; i < values.length; i++) {
        const value = values[i]!;
        const at = async (moved: number): Promise<number> => {
          values[i] = moved;
          blob.set(values);
          return objective();
        };
        const [above, below] = [Math.fround(value + STEP), Math.fround(value - STEP)];
        const numeric = ((await at(above)) - (await at(below))) / (above - below);
        values[i] = value;
        blob.set(values);
        const exact = analytic[b]![i]!;
        const scale = Math.max(1, Math.abs(exact), Math.abs(numeric));
        const what = `gradient of blob ${b} [${i}]: ${exact}, numerically ${numeric}`;
        expect(Math.abs(exact - numeric) / scale, what).toBeLessThanOrEqual(THRESHOLD);
      }
    }
  } finally {
    net.dispose();
  }
}

async function layerNet(
  device: Device | "cpu",
  text: string,
  specs: readonly BottomSpec[],
  options: DeviceLayerOptions,
): Promise<LayerNet> {
  const bottoms = specs.map((_, i) => `b${i}`);
  const tops = Array.from({ length: options.tops ?? 1 }, (_, i) =>
    options.inPlace && i === 0 ? "b0" : `t${i}`,
  );
  const inputs = specs.map((spec, i) => {
    const dims = shapeOf(spec).map((dim) => `dim: ${dim}`);
    return `layer { name: "in${i}" type: "Input" top: "b${i}" input_param { shape { ${dims.join(" ")} } } }`;
  });
  const lines = [
    ...bottoms.map((name) => `bottom: "${name}"`),
    ...tops.map((name) => `top: "${name}"`),
    ...(options.propagateDown ?? []).map((value) => `propagate_down: ${value}`),
  ];
  const { propagateDown = [], noGradient = false } = options;
  const isForced = !noGradient && (propagateDown.length === 0 || propagateDown.includes(true));
  // Without a gradient of its bottoms only a loss makes a layer run backward.
  const hasLoss = !noGradient && !isForced;
  const source = `${isForced ? "force_backward: true" : ""} ${inputs.join("\n")}
    layer { name: "bench" ${lines.join(" ")} ${text} ${hasLoss ? "loss_weight: 1" : ""} }`;
  const message = parsePrototxt(source, { message: "NetParameter", fileName: "bench.prototxt" });
  const phase = options.phase ?? "TRAIN";
  const net = await Net.load(message, { phase, device, seed: SEED });
  if (device !== "cpu") {
    const index = net.layers.findIndex(({ name }) => name === "bench");
    expect(net.runsOnDevice(index), `${text} runs on the device`).toBe(true);
  }
  drawBottoms(net, specs);
  const random = createRandom(SEED + 1);
  const cotangents = new Map(
    tops
      .filter((name) => hasLoss || net.lossWeightOf(name) === 0)
      .map((name) => {
        const values = new Float32Array(net.blobs.get(name)!.count);
        return [name, values.map(() => random.gaussian(0, 1))] as const;
      }),
  );
  return { net, bottoms, tops, cotangents };
}

/** The same values each time; a layer in place overwrites them. */
function drawBottoms(net: Net, specs: readonly BottomSpec[]): void {
  const random = createRandom(SEED);
  specs.forEach((spec, i) => {
    const blob = net.blobs.get(`b${i}`)!;
    blob.set(0);
    drawValues(blob, spec, random);
  });
}
