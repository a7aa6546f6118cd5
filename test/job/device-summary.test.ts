import { describe, expect, test } from "vitest";
import { openCpuDevice } from "../../src/device/index.ts";
import { openShapeDevice } from "../../src/job/shape-device.ts";
import { summarizeOnDevice } from "../../src/job/device-summary.ts";
import { summarizeNet } from "../../src/job/summary.ts";
import { Net } from "../../src/net/net.ts";
import { parsePrototxt } from "../../src/schema/index.ts";
import { openFakeDevice } from "../support/fake-device.ts";
import { onGpu } from "../support/gpu.ts";

const INPUTS = `
  layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 dim: 6 dim: 5 } } }
  layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 2 } } }`;
const conv = (name: string, bottom: string, top: string) => `
  layer { name: "${name}" type: "Convolution" bottom: "${bottom}" top: "${top}"
    convolution_param { num_output: 4 kernel_size: 3 pad: 1 weight_filler { type: "xavier" } } }`;
const LOSS = `
  layer { name: "ip" type: "InnerProduct" bottom: "last" top: "ip"
    inner_product_param { num_output: 3 weight_filler { type: "xavier" } } }
  layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }`;

/** Nets with layers of the host in several places; a GPU has no kernel for SPP and Im2col. */
const NETS = {
  "wholly on the device": `${INPUTS}${conv("c1", "data", "last")}${LOSS}`,
  "a layer in the middle": `${INPUTS}${conv("c1", "data", "c1")}
    layer { name: "spp" type: "SPP" bottom: "c1" top: "last" spp_param { pyramid_height: 2 } }${LOSS}`,
  "a layer beside others": `${INPUTS}${conv("c1", "data", "c1")}
    layer { name: "im" type: "Im2col" bottom: "c1" top: "im" convolution_param { kernel_size: 2 } }
    layer { name: "quiet" type: "Silence" bottom: "im" }
    layer { name: "relu" type: "ReLU" bottom: "c1" top: "last" }${LOSS}`,
  "in place before it": `${INPUTS}${conv("c1", "data", "c1")}
    layer { name: "relu" type: "ReLU" bottom: "c1" top: "c1" }
    layer { name: "spp" type: "SPP" bottom: "c1" top: "spp" spp_param { pyramid_height: 1 } }
    layer { name: "flat" type: "Reshape" bottom: "spp" top: "last" reshape_param { shape { dim: 0 dim: -1 } } }${LOSS}`,
};
const parse = (text: string) => parsePrototxt(text, { message: "NetParameter" });

describe("the transfers that a summary reckons are those that a GPU counts", () => {
  for (const [title, text] of Object.entries(NETS)) {
    onGpu(title, async (device) => {
      const { device: summary } = await summarizeNet(parse(text), { device });
      const net = await Net.load(parse(text), { device, phase: "TRAIN" });
      const iterate = async () => {
        net.clearParamDiffs();
        net.blobs.get("data")!.set(1);
        net.blobs.get("label")!.set(1);
        await net.runUnread();
        await net.backward();
        await device.gpu.finish();
      };
      try {
        await iterate();
        const { counts } = device.remote!;
        const before = { ...counts };
        await iterate();
        const { bytesUp, bytesDown } = counts;
        const counted = {
          bytesUp: bytesUp - before.bytesUp,
          bytesDown: bytesDown - before.bytesDown,
        };
        expect(summary!.transfers).toMatchObject(counted);
        const isWhole = title.startsWith("wholly");
        expect(summary!.transfersOfHost.length === 0).toBe(isWhole);
        expect(Object.values(summary!.placement).includes("host")).toBe(!isWhole);
      } finally {
        net.dispose();
      }
    });
  }
});

describe("a net on a device", () => {
  test("tells what is too large by the layer's name, in place of refusing the net", async () => {
    using cpu = disposable(openCpuDevice({ threads: 1 }));
    const device = openFakeDevice({ cpu, largestBlob: 400 });
    const { device: summary } = await summarizeNet(parse(NETS["wholly on the device"]), { device });
    expect(summary!.problems).toEqual([
      expect.stringMatching(/^layer "data" \(Input\): its top 0 of 2 3 6 5 \(180\) needs/),
      expect.stringMatching(
        /^layer "c1" \(Convolution\): its parameter 0 of 4 3 3 3 \(108\) needs/,
      ),
      expect.stringMatching(/^layer "ip" \(InnerProduct\): its parameter 0 of 3 120 \(360\) needs/),
    ]);
  });

  onGpu("takes the memory that is reckoned, without any for the summary itself", async (device) => {
    const text = NETS["wholly on the device"];
    const used = device.heap.usedBytes;
    const { device: summary } = await summarizeNet(parse(text), { device });
    expect(device.heap.usedBytes).toBe(used);
    // Values, gradients and histories: 112 of c1, 363 of ip.
    expect(summary!.bytes.parameters).toBe(3 * 4 * (112 + 363));
    // data, label, c1, ip and loss, and the gradients of the last three.
    expect(summary!.bytes.blobs).toBe(4 * (180 + 2 + 2 * (240 + 6 + 1)));
    // The probabilities, and the loss's divisor.
    expect(summary!.bytes.scratch).toBeGreaterThanOrEqual(4 * 6);
    const { device: inference } = await summarizeNet(parse(text), { device, phase: "TEST" });
    expect(inference!.bytes.parameters).toBe(4 * (112 + 363));
    expect(inference!.bytes.blobs).toBeLessThan(summary!.bytes.blobs);
  });

  test("needs no transfers on the CPU", async () => {
    using cpu = disposable(openCpuDevice({ threads: 1 }));
    const net = await Net.load(parse(NETS["a layer in the middle"]), {
      device: openShapeDevice(cpu),
    });
    const summary = summarizeOnDevice(net, cpu);
    expect(summary.transfers).toMatchObject({ bytesUp: 0, bytesDown: 0 });
    expect(Object.values(summary.placement)).not.toContain("host");
    net.dispose();
  });
});

function disposable<T extends { dispose(): void }>(value: T): T & Disposable {
  return Object.assign(value, { [Symbol.dispose]: () => value.dispose() });
}
