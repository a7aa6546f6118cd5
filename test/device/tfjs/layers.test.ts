import { describe, test } from "vitest";
import { createRandom } from "../../../src/core/random.ts";
import { kernels } from "../../../src/device/tfjs/kernels/index.ts";
import { type DeviceCase, deviceCases } from "../../support/device-cases.ts";
import { checkDeviceGradient, compareWithCpu } from "../../support/device-layer.ts";
import { layerExamples } from "../../support/layer-examples.ts";
import { drawer } from "../../support/nd.ts";
import { onTensorFlow } from "../../support/tfjs.ts";

const ROUNDS = 40;
/** Sums of hundreds of products, in another order than the CPU's. */
const LONG_SUMS = { tolerance: 1e-4 };

/** Variants that the host runs on this device, by what their parameters say. */
const ofTheHost: Readonly<Record<string, (param: string, tops: number) => boolean>> = {
  Bias: (param) => param.includes("num_axes: 0"),
};

function casesOf(type: string): readonly DeviceCase[] {
  const isHosts = ofTheHost[type] ?? (() => !(type in kernels));
  return deviceCases[type]!.filter(([param, , options]) => !isHosts(param, options?.tops ?? 1));
}

/** A convolution with random sizes, and an image that it fits. */
function randomConvolution(seed: number): readonly [text: string, shape: number[]] {
  const d = drawer(createRandom(seed));
  const type = d.pick("Convolution", "Deconvolution");
  const group = d.pick(1, 1, 2, 3);
  const channels = group * d.integer(1, 3);
  const outputs = group * d.integer(1, 3);
  const isDilated = d.chance(0.4);
  const axes = d.chance(0.2) ? 1 : 2;
  const sizes = Array.from({ length: axes }, () => d.integer(1, 4));
  const dilations = sizes.map(() => (isDilated ? d.integer(1, 3) : 1));
  const strides = sizes.map(() => (isDilated ? 1 : d.integer(1, 3)));
  const pads = sizes.map((size, i) => Math.min(d.integer(0, 2), dilations[i]! * (size - 1)));
  const image = sizes.map((size, i) => dilations[i]! * (size - 1) + 1 + d.integer(0, 6));
  const list = (name: string, values: readonly number[]) =>
    values.map((value) => `${name}: ${value}`).join(" ");
  const filler = '{ type: "uniform" min: -0.5 max: 0.5 }';
  const text = `type: "${type}" convolution_param { num_output: ${outputs} group: ${group}
    ${list("kernel_size", sizes)} ${list("stride", strides)} ${list("pad", pads)}
    ${list("dilation", dilations)} bias_term: ${d.chance(0.7)}
    weight_filler ${filler} bias_filler ${filler} }`;
  return [text, [d.integer(1, 3), channels, ...image]];
}

function randomPooling(seed: number): readonly [text: string, shape: number[]] {
  const d = drawer(createRandom(seed));
  const [h, w] = [d.integer(1, 4), d.integer(1, 4)];
  const text = `type: "Pooling" pooling_param { pool: ${d.pick("MAX", "AVE")} kernel_h: ${h} kernel_w: ${w}
    stride_h: ${d.integer(1, 4)} stride_w: ${d.integer(1, 4)}
    pad_h: ${d.integer(0, h - 1)} pad_w: ${d.integer(0, w - 1)} round_mode: ${d.pick("CEIL", "FLOOR")} }`;
  return [text, [d.integer(1, 2), d.integer(1, 3), d.integer(h, 9), d.integer(w, 9)]];
}

onTensorFlow((device) => {
  describe("layers are what they are on the CPU", () => {
    for (const type of Object.keys(deviceCases)) {
      if (casesOf(type).length === 0) continue;
      test(`${type}: forward, and all gradients`, async () => {
        for (const [param, bottoms, options] of casesOf(type)) {
          await compareWithCpu(device, `type: "${type}" ${param}`, bottoms, options);
        }
      });
    }

    test("Convolution and Deconvolution: random kernels, strides, paddings, dilations and groups", async () => {
      for (let seed = 1; seed <= ROUNDS; seed++) {
        const [text, shape] = randomConvolution(seed);
        await compareWithCpu(device, text, [shape], LONG_SUMS);
      }
    });

    test("Pooling: random windows, rounded up and down", async () => {
      for (let seed = 1; seed <= ROUNDS; seed++) {
        const [text, shape] = randomPooling(seed);
        await compareWithCpu(device, text, [shape]);
      }
    });

    test("InnerProduct: from any axis, transposed or not", async () => {
      const filler = 'weight_filler { type: "gaussian" std: 0.5 } bias_filler { type: "gaussian" }';
      for (const param of ["", "transpose: true", "axis: 2 bias_term: false", "axis: -1"]) {
        const text = `type: "InnerProduct" inner_product_param { num_output: 6 ${param} ${filler} }`;
        await compareWithCpu(device, text, [[3, 4, 5]], LONG_SUMS);
      }
    });
  });

  describe("gradients are true", () => {
    for (const [type, { param = "", bottoms, options = {} }] of Object.entries(layerExamples)) {
      // What is random differs from pass to pass; its mask is compared above.
      if (!(type in kernels) || options.noGradient || type === "Dropout") continue;
      test(`${type}: central differences`, async () => {
        const { tops = 1, propagateDown = [] } = options;
        const text = `type: "${type}" ${param}`;
        await checkDeviceGradient(device, text, bottoms(1), { tops, propagateDown });
      });
    }
  });
});
