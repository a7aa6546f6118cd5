import fc from "fast-check";
import { describe } from "vitest";
import { compareNets } from "../../support/compare-nets.ts";
import { checkDeviceGradient, compareWithCpu } from "../../support/device-layer.ts";
import { onGpu } from "../../support/gpu.ts";

const fillers = 'weight_filler { type: "gaussian" std: 0.5 } bias_filler { type: "gaussian" }';
const conv = (param: string) => `convolution_param { ${param} ${fillers} }`;

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
  .map(({ spatial, images, groups, channels, outputs, kernel, ...window }) => {
    const reach = window.dilation * (kernel - 1) + 1;
    const shape = [images, groups * channels, ...spatial.map((size) => Math.max(size, reach))];
    const numbers = { ...window, kernel_size: kernel, group: groups, num_output: groups * outputs };
    const param = Object.entries(numbers).map(([name, value]) => `${name}: ${value}`);
    return { shape, param: param.join(" ") };
  });

/** Sums of some hundred products of numbers around 1, in another order than the CPU's. */
const long = { tolerance: 3e-5 };

describe.each(["Convolution", "Deconvolution"])("%s on the GPU", (type) => {
  onGpu("has true gradients with stride, pad, dilation and groups", async (device) => {
    const window = "kernel_h: 3 kernel_w: 2 stride: 2 pad: 1 dilation: 2 group: 2";
    const text = `type: "${type}" ${conv(`num_output: 4 ${window}`)}`;
    await checkDeviceGradient(device, text, [[1, 4, 5, 4]]);
  });

  onGpu("computes what the CPU computes, whatever its sizes", async (device) => {
    await fc.assert(
      fc.asyncProperty(sizes, async ({ param, shape }) => {
        await compareWithCpu(device, `type: "${type}" ${conv(param)}`, [shape], long);
      }),
      { numRuns: 3, seed: 6, endOnFailure: true },
    );
  });

  onGpu("adds up over several bottoms", async (device) => {
    const shape = [2, 3, 5, 4];
    const text = `type: "${type}" ${conv("num_output: 2 kernel_size: 3 stride: 2")}`;
    await compareWithCpu(device, text, [shape, shape], { tops: 2, ...long });
  });

  onGpu("runs without bias, and without items", async (device) => {
    const without = conv("num_output: 3 kernel_size: 2 bias_term: false");
    await compareWithCpu(device, `type: "${type}" ${without}`, [[1, 2, 4, 4]], long);
    const text = `type: "${type}" ${conv("num_output: 3 kernel_size: 3 pad: 1")}`;
    await compareWithCpu(device, text, [[0, 2, 5, 5]]);
  });
});

describe("depthwise convolution on the GPU", () => {
  for (const type of ["DepthwiseConvolution", "ConvolutionDepthwise"]) {
    onGpu(`${type} makes each channel a group`, async (device) => {
      const text = `type: "${type}" ${conv("num_output: 3 kernel_size: 3 pad: 1 stride: 2")}`;
      await compareWithCpu(device, text, [[2, 3, 9, 8]], long);
    });
  }
});

const input =
  'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 dim: 5 dim: 5 } } }';
const layer = (name: string, bottom: string, top: string, params: string) => `
  layer { name: "${name}" type: "Convolution" bottom: "${bottom}" top: "${top}" ${params}
    ${conv("num_output: 2 kernel_size: 3 pad: 1")} }`;

onGpu("two convolutions with one filter bank add up their gradients", async (device) => {
  const shared = 'param { name: "w" } param { name: "b" }';
  const net = layer("one", "x", "y", shared) + layer("two", "y", "z", shared);
  await compareNets(device, input + net, 3e-5);
});

onGpu(
  "a convolution that learns only its bias leaves the filters' gradient alone",
  async (device) => {
    const net = layer("one", "x", "y", "param { lr_mult: 0 }") + layer("two", "y", "z", "");
    await compareNets(device, input + net, 3e-5);
  },
);
