import { describe, expect } from "vitest";
import { createRandom } from "../../../src/core/random.ts";
import type { Device } from "../../../src/device/index.ts";
import { Net } from "../../../src/net/net.ts";
import { parsePrototxt } from "../../../src/schema/index.ts";
import { onGpu } from "../../support/gpu.ts";

const NET = `
  layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 1 dim: 7 dim: 300 } } }
  layer { name: "drop1" type: "Dropout" bottom: "x" top: "y" dropout_param { dropout_ratio: 0.3 } }
  layer { name: "drop2" type: "Dropout" bottom: "y" top: "z" }`;

/** Runs the same story on a device: masks, the host's own draws between them, a saved state. */
async function story(device: Device | "cpu"): Promise<readonly unknown[]> {
  const random = createRandom(5);
  const message = parsePrototxt(NET, { message: "NetParameter" });
  const net = await Net.load(message, { phase: "TRAIN", device, random });
  const ones = new Float32Array(2100).fill(1);
  const mask = async () => [...(await net.forward({ x: ones }))["z"]!];
  try {
    const told: unknown[] = [await mask(), await mask()];
    told.push(random.uint32(), await mask());
    await random.settle();
    const state = random.state();
    told.push(state, await mask(), await mask(), random.state());
    random.restore(state);
    told.push(await mask());
    expect(told.at(-1)).toEqual(told.at(-4));
    return told;
  } finally {
    net.dispose();
  }
}

describe("random numbers on the GPU", () => {
  onGpu("are the host's to the bit, and take turns with it", async (device) => {
    expect(await story(device)).toEqual(await story("cpu"));
  });

  onGpu("go on where a snapshot's state was asked for, without another upload", async (device) => {
    const message = parsePrototxt(NET, { message: "NetParameter" });
    const net = await Net.load(message, { phase: "TRAIN", device, seed: 5 });
    try {
      await net.run();
      await net.random.settle();
      net.random.state();
      const before = device.remote!.counts.bytesUp;
      await net.run();
      expect(device.remote!.counts.bytesUp).toBe(before);
    } finally {
      net.dispose();
    }
  });
});
