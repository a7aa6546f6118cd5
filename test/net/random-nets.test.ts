import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Device, openCpuDevice } from "../../src/device/index.ts";
import { Net } from "../../src/net/net.ts";
import { parsePrototxt } from "../../src/schema/index.ts";
import { randomNet } from "../support/random-net.ts";

const STEP = 2 ** -7;

let device: Device;
beforeAll(() => {
  device = openCpuDevice({ threads: 1 });
});
afterAll(() => device.dispose());

describe("random nets", () => {
  test.each(Array.from({ length: 40 }, (_, i) => i + 1))(
    "net %d: each parameter's gradient is the slope of the loss",
    async (seed) => {
      const text = randomNet(seed);
      const message = parsePrototxt(text, { message: "NetParameter" });
      const net = await Net.load(message, { phase: "TRAIN", device, seed });
      for (const name of net.inputs) {
        const blob = net.blobs.get(name)!;
        for (let i = 0; i < blob.count; i++) blob.data[i] = net.random.uniform(-1, 1);
      }
      await net.run();
      net.clearParamDiffs();
      await net.backward();
      for (const { blob, layerName, index } of net.learnableParams) {
        for (let i = 0; i < blob.count; i++) {
          const value = blob.data[i]!;
          blob.data[i] = value + STEP;
          const above = await net.run();
          blob.data[i] = value - STEP;
          const below = await net.run();
          blob.data[i] = value;
          const numeric = (above - below) / (2 * STEP);
          const error = Math.abs(numeric - blob.diff[i]!) / Math.max(1, Math.abs(numeric));
          expect(error, `${layerName} ${index} [${i}] of\n${text}`).toBeLessThan(5e-3);
        }
      }
      net.dispose();
    },
  );
});
