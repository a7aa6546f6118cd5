import fc from "fast-check";
import { describe, expect } from "vitest";
import type { WebGpuDevice } from "../../../src/device/webgpu/webgpu-device.ts";
import { onGpu } from "../../support/gpu.ts";
import { compareWithCpu, expectTrueGradients } from "../../support/gpu-layer.ts";

const fillers = 'weight_filler { type: "gaussian" std: 0.5 } bias_filler { type: "gaussian" }';
const conv = (param: string) => `convolution_param { ${param} ${fillers} }`;

describe.each(["Convolution", "Deconvolution"])("%s on the GPU", (type) => {
  onGpu("has true gradients with stride, pad, dilation and groups", async (device) => {
    const param = conv(
      "num_output: 4 kernel_h: 3 kernel_w: 2 stride: 2 pad: 1 dilation: 2 group: 2",
    );
    await expectTrueGradients(device, `type: "${type}" ${param}`, [[2, 4, 6, 5]]);
  });

  onGpu("computes what the CPU computes, whatever its sizes", async (device) => {
    await fc.assert(
      fc.asyncProperty(sizes, async (drawn) => {
        await compareWithCpu(device, `type: "${type}" ${conv(drawn.param)}`, [drawn.shape]);
      }),
      { numRuns: 5, seed: 6, endOnFailure: true },
    );
  });

  onGpu("adds up over several bottoms, and over passes", async (device) => {
    const shape = [2, 3, 5, 4];
    const text = `type: "${type}" ${conv("num_output: 2 kernel_size: 3 stride: 2")}`;
    await compareWithCpu(device, text, [shape, shape], { passes: 2 });
  });

  onGpu("leaves out the bias, and what learns nothing", async (device) => {
    const fixed = "param { lr_mult: 0 }";
    const without = conv("num_output: 3 kernel_size: 2 bias_term: false");
    await compareWithCpu(device, `type: "${type}" ${without}`, [[1, 2, 4, 4]]);
    const text = `type: "${type}" ${fixed} ${conv("num_output: 3 kernel_size: 2")}`;
    await compareWithCpu(device, text, [[1, 2, 4, 4]], { isForced: false });
  });

  onGpu("takes a batch without items", async (device) => {
    const text = `type: "${type}" ${conv("num_output: 3 kernel_size: 3 pad: 1")}`;
    await compareWithCpu(device, text, [[0, 2, 5, 5]]);
  });
});

describe("depthwise convolution on the GPU", () => {
  for (const type of ["DepthwiseConvolution", "ConvolutionDepthwise"]) {
    onGpu(`${type} makes each channel a group`, async (device: WebGpuDevice) => {
      const text = `type: "${type}" ${conv("num_output: 3 kernel_size: 3 pad: 1 stride: 2")}`;
      await compareWithCpu(device, text, [[2, 3, 9, 8]]);
    });
  }
});

/** One to three spatial axes; kernels that fit, channels and outputs that the groups divide. */
const sizes = fc
  .record({
    spatial: fc.array(fc.integer({ min: 3, max: 7 }), { minLength: 1, maxLength: 3 }),
    images: fc.integer({ min: 1, max: 3 }),
    groups: fc.integer({ min: 1, max: 3 }),
    channels: fc.integer({ min: 1, max: 5 }),
    outputs: fc.integer({ min: 1, max: 9 }),
    kernel: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 3 }),
    pad: fc.integer({ min: 0, max: 1 }),
    dilation: fc.integer({ min: 1, max: 2 }),
  })
  .map(({ spatial, images, groups, channels, outputs, ...window }) => {
    const reach = window.dilation * (window.kernel - 1) + 1;
    const shape = [images, groups * channels, ...spatial.map((size) => Math.max(size, reach))];
    const numbers = Object.entries({ ...window, group: groups, num_output: groups * outputs });
    const text = numbers.map(([name, value]) => `${name}: ${value}`).join(" ");
    return { shape, param: text.replace("kernel:", "kernel_size:") };
  });

onGpu("two convolutions with one filter bank add up their gradients", async (device) => {
  const shared = (name: string, bottom: string, top: string) => `
    layer { name: "${name}" type: "Convolution" bottom: "${bottom}" top: "${top}"
      param { name: "w" } param { name: "b" }
      ${conv("num_output: 2 kernel_size: 3 pad: 1")} }`;
  const net = shared("one", "x0", "a") + shared("two", "a", "y0");
  const runs = await compareWithCpu(device, { net }, [[1, 2, 5, 5]], { passes: 2 });
  expect(runs).toBe(2);
});
