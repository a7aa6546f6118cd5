import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseArguments } from "../../src/cli/arguments.ts";
import { main } from "../../src/cli/main.ts";
import { summaryCommand } from "../../src/cli/summary.ts";
import { recordedIo } from "../support/io.ts";

const folder = mkdtempSync(join(tmpdir(), "summary-"));

async function summary(text: string, ...args: string[]) {
  writeFileSync(join(folder, "net.prototxt"), text);
  const io = recordedIo(folder);
  const { flags, positionals } = parseArguments(["net.prototxt", ...args], summaryCommand.flags);
  expect(await summaryCommand.run(flags, positionals, io)).toBe(0);
  return io.stdout;
}

const net = `
name: "small"
layer { name: "data" type: "Data" top: "data" top: "label" data_param { batch_size: 2 } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 4 kernel_size: 3 pad: 3 stride: 2 weight_filler { type: "msra" } } }
layer { name: "conv-b" type: "Convolution" bottom: "conv" top: "conv-b" convolution_param { num_output: 4 kernel_size: 3 } }
layer { name: "up" type: "Deconvolution" bottom: "conv-b" top: "up"
  convolution_param { num_output: 2 kernel_size: 4 stride: 2 bias_term: false weight_filler { type: "xavier" } } }
layer { name: "crop" type: "Crop" bottom: "up" bottom: "data" top: "crop" crop_param { axis: 2 offset: 2 } }
layer { name: "ip" type: "InnerProduct" bottom: "crop" top: "ip" inner_product_param { num_output: 3
  weight_filler { type: "xavier" } } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }`;

describe("summary", () => {
  test("tells where layers run with --device, and refuses a device that is none", async () => {
    const lines = await summary(net, "--device", "tfjs");
    expect(lines.find((line) => line.startsWith("conv-b "))).toMatch(/ tfjs$/);
    expect(lines.find((line) => line.startsWith("device "))).toMatch(/^device {9}tfjs: /);
    expect(lines.join("\n")).toMatch(/\ndevice memory .*\nan iteration .* bytes up, 0 bytes down;/);
    await expect(summary(net, "--device", "gpu")).rejects.toThrow(/--device is "gpu"; give one of/);
  });

  test("lists shapes, parameters, multiply-adds and what each layer sees", async () => {
    const lines = await summary(net, "--image", "1,8,8");
    expect(lines).toEqual([
      "small, phase TRAIN",
      "",
      "layer   type             top: shape                     parameters  multiply-adds  sees",
      "------  ---------------  -----------------------------  ----------  -------------  ----",
      "data    Input            data: 2 x 1 x 8 x 8, label: 2                             1 px",
      "conv    Convolution      conv: 2 x 4 x 6 x 6                    40          2,592  3 px",
      "conv-b  Convolution      conv-b: 2 x 4 x 4 x 4                 148          4,608  7 px",
      "up      Deconvolution    up: 2 x 2 x 10 x 10                   128          4,096  9 px",
      "crop    Crop             crop: 2 x 2 x 8 x 8                                       9 px",
      "ip      InnerProduct     ip: 2 x 3                             387            768",
      "loss    SoftmaxWithLoss  loss: 1 value",
      "",
      expect.stringMatching(/^parameters {5}703 \(0\.0 MiB\)$/),
      "multiply-adds  12,064 in a forward pass",
      expect.stringMatching(/^activations {4}0\.0 MiB$/),
      expect.stringMatching(/^training {7}0\.0 MiB: /),
      "  by SGD       0.0 MiB without iter_size, clip_gradients and debug_info: gradients take turns in memory",
      "crop           crop: lines up at offset 1.5, 1.5 (height, width)",
      "warning        conv-b: all weights start at 0, as there is no weight_filler. Give one, or train from weights that have these layers.",
      expect.stringContaining(
        "crop: offset is 2, 2 (height, width), but its bottoms lie over each other at 1.5, 1.5: " +
          "no offset lines them up; change a padding or a kernel size.",
      ),
    ]);
  });

  test("takes a custom data layer for an image and one label a pixel, without its files", async () => {
    const lines = await summary(`
      layer { name: "data" type: "Python" top: "data" top: "label"
        python_param { module: "voc_layers" layer: "VOCSegDataLayer" param_str: "{'voc_dir': 'nowhere', 'split': 'train'}" } }
      layer { name: "loss" type: "SoftmaxWithLoss" bottom: "data" bottom: "label" top: "loss" }`);
    expect(lines[4]).toMatch(/^data +Input +data: 1 x 3 x 256 x 256, label: 1 x 1 x 256 x 256 /);
  });

  test("says which input nothing reads, and which top", async () => {
    const lines = await summary(`
      layer { name: "data" type: "Data" top: "data" top: "label" }
      layer { name: "a" type: "ReLU" bottom: "data" top: "a" }
      layer { name: "b" type: "Power" bottom: "data" top: "b" }
      layer { name: "loss" type: "EuclideanLoss" bottom: "a" bottom: "data" top: "loss" }`);
    expect(lines.filter((line) => line.startsWith("warning"))).toEqual([
      "warning        b (top of b): no layer reads it.",
      "warning        label: no layer reads this input.",
    ]);
  });

  test("prints JSON", async () => {
    const lines = await summary(net, "--image=1,8,8", "--json");
    expect(JSON.parse(lines.join("\n"))).toMatchObject({
      name: "small",
      parameters: 703,
      multiplyAdds: 12_064,
      crops: [{ layer: "crop", wanted: [1.5, 1.5] }],
    });
  });

  test("costs no memory, however large the net", async () => {
    const before = process.memoryUsage.rss();
    const lines = await summary(
      `layer { name: "data" type: "Data" top: "data" }
       layer { name: "fc" type: "InnerProduct" bottom: "data" top: "fc" inner_product_param { num_output: 1000
         weight_filler { type: "gaussian" } } }`,
      "--image=3,200,200",
    );
    expect(lines.some((line) => line.includes("120,001,000"))).toBe(true);
    expect(process.memoryUsage.rss() - before).toBeLessThan(2 ** 27);
  });

  test("asks for one prototxt", async () => {
    const io = recordedIo();
    expect(await main(["summary"], io)).toBe(1);
    expect(io.stderr).toEqual([
      "cortado: missing net.prototxt; usage: cortado summary net.prototxt [flags]",
    ]);
  });
});
