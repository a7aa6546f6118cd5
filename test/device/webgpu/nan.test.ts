import { describe, expect } from "vitest";
import { Net } from "../../../src/net/net.ts";
import { parsePrototxt } from "../../../src/schema/index.ts";
import { onGpu } from "../../support/gpu.ts";

const input = (name: string, dims: string) =>
  `layer { name: "${name}" type: "Input" top: "${name}" input_param { shape { ${dims} } } }`;

/** The layer's values for a bottom of 2 x 3 whose second value is NaN. */
const layers = {
  AbsVal: "",
  BatchNorm: "",
  BNLL: "",
  Clip: "clip_param { min: -1 max: 2 }",
  Dropout: "dropout_param { dropout_ratio: 0 }",
  ELU: "",
  Exp: "",
  Log: "",
  Power: "power_param { power: 2.5 }",
  PReLU: "",
  ReLU: "",
  ReLU6: "",
  Scale: "",
  Sigmoid: "",
  Softmax: "",
  Swish: "",
  TanH: "",
};

describe("NaN on the GPU", () => {
  for (const [type, param] of Object.entries(layers)) {
    onGpu(`${type} lets it through`, async (device) => {
      const text = `${input("x", "dim: 2 dim: 3")}
        layer { name: "l" type: "${type}" bottom: "x" top: "y" ${param} }`;
      const message = parsePrototxt(text, { message: "NetParameter" });
      const net = await Net.load(message, { phase: "TRAIN", device });
      try {
        const { y } = await net.forward({ x: [1, Number.NaN, 3, 3, 2, 1] });
        expect(y![1]).toBeNaN();
        expect(y![5]).not.toBeNaN();
      } finally {
        net.dispose();
      }
    });
  }

  const losses = ["SoftmaxWithLoss", "EuclideanLoss", "SigmoidCrossEntropyLoss", "HingeLoss"];
  for (const type of losses) {
    onGpu(`${type} shows it in the loss, and forgets it`, async (device) => {
      const hasClasses = type === "SoftmaxWithLoss" || type === "HingeLoss";
      const labels = hasClasses ? "dim: 2" : "dim: 2 dim: 3";
      const text = `${input("x", "dim: 2 dim: 3")} ${input("t", labels)}
        layer { name: "l" type: "${type}" bottom: "x" bottom: "t" top: "loss" }`;
      const message = parsePrototxt(text, { message: "NetParameter" });
      const net = await Net.load(message, { phase: "TRAIN", device });
      try {
        await net.forward({ x: [1, Number.NaN, 3, 3, 2, 1] });
        expect(net.loss).toBeNaN();
        await net.forward({ x: [1, 2, 3, 3, 2, 1] });
        expect(net.loss).not.toBeNaN();
      } finally {
        net.dispose();
      }
    });
  }

  onGpu("is no better score to Accuracy, whoever has it", async (device) => {
    const text = `${input("x", "dim: 4 dim: 3")} ${input("t", "dim: 4")}
      layer { name: "l" type: "Accuracy" bottom: "x" bottom: "t" top: "a" }`;
    const message = parsePrototxt(text, { message: "NetParameter" });
    const net = await Net.load(message, { phase: "TEST", device });
    const scores = [...[Number.NaN, 1, 2], ...[3, Number.NaN, 2], ...[3, 1, 2], ...[1, 3, 2]];
    try {
      const { a } = await net.forward({ x: scores, t: [0, 0, 0, 0] });
      expect(a![0]).toBe(0.75);
    } finally {
      net.dispose();
    }
  });
});
