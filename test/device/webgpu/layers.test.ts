import { describe } from "vitest";
import { kernels } from "../../../src/device/webgpu/kernels/index.ts";
import { deviceCases } from "../../support/device-cases.ts";
import { checkDeviceGradient, compareWithCpu } from "../../support/device-layer.ts";
import { onGpu } from "../../support/gpu.ts";
import { layerExamples } from "../../support/layer-examples.ts";

describe("layers on the GPU are what they are on the CPU", () => {
  for (const [type, list] of Object.entries(deviceCases)) {
    onGpu(`${type}: forward, and all gradients`, async (device) => {
      for (const [param, bottoms, options] of list) {
        await compareWithCpu(device, `type: "${type}" ${param}`, bottoms, options);
      }
    });
  }
});

describe("gradients on the GPU are true", () => {
  for (const [type, { param = "", bottoms, options = {} }] of Object.entries(layerExamples)) {
    // What is random differs from pass to pass; its mask is compared above.
    if (!(type in kernels) || options.noGradient || type === "Dropout") continue;
    onGpu(`${type}: central differences`, async (device) => {
      const { tops = 1, propagateDown = [] } = options;
      await checkDeviceGradient(device, `type: "${type}" ${param}`, bottoms(1), {
        tops,
        propagateDown,
      });
    });
  }
});
