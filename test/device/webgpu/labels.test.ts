import { describe, expect } from "vitest";
import { Net } from "../../../src/net/net.ts";
import { parsePrototxt } from "../../../src/schema/index.ts";
import { onGpu } from "../../support/gpu.ts";

const net = (loss: string) => `
  layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
  layer { name: "t" type: "Input" top: "t" input_param { shape { dim: 2 } } }
  layer { name: "loss" bottom: "x" bottom: "t" top: "loss" ${loss} }`;

const TABLE = `
  layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 } } }
  layer { name: "e" type: "Embed" bottom: "x" top: "y" loss_weight: 1
    embed_param { num_output: 2 input_dim: 3 weight_filler { type: "constant" value: 1 } } }`;

describe("labels that name no class, on the GPU", () => {
  for (const loss of [
    'type: "SoftmaxWithLoss"',
    'type: "HingeLoss"',
    'type: "Accuracy" loss_weight: 1',
  ]) {
    onGpu(`${loss}: the host says which label it is`, async (device) => {
      const message = parsePrototxt(net(loss), { message: "NetParameter", fileName: "n.prototxt" });
      const made = await Net.load(message, { phase: "TRAIN", device });
      try {
        const scores = [1, 2, 3, 3, 2, 1];
        await made.forward({ x: scores, t: [0, 2] });
        expect(made.loss).not.toBeNaN();
        await expect(made.forward({ x: scores, t: [0, 5] })).rejects.toThrow(
          "a label is 5, but there are 3 classes",
        );
      } finally {
        made.dispose();
      }
    });
  }

  onGpu("and so it does of an index outside of Embed's table", async (device) => {
    const message = parsePrototxt(TABLE, { message: "NetParameter", fileName: "n.prototxt" });
    const made = await Net.load(message, { phase: "TRAIN", device });
    try {
      await made.forward({ x: [0, 2] });
      expect(made.loss).toBe(4);
      for (const index of [3, -1]) {
        await expect(made.forward({ x: [0, index] })).rejects.toThrow(
          `index ${index} is outside the table's 3 entries`,
        );
      }
    } finally {
      made.dispose();
    }
  });
});
