import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parseArguments } from "../../src/cli/arguments.ts";
import { surgeryCommand } from "../../src/cli/surgery.ts";
import { Net } from "../../src/net/net.ts";
import { recordedIo } from "../support/io.ts";

const folder = mkdtempSync(join(tmpdir(), "surgery-"));
const at = (name: string) => join(folder, name);

const classifier = `
input: "data" input_shape { dim: 1 dim: 3 dim: 5 dim: 5 }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  convolution_param { num_output: 2 kernel_size: 3 weight_filler { type: "xavier" } bias_filler { value: 0.5 } } }
layer { name: "fc6" type: "InnerProduct" bottom: "conv1" top: "fc6"
  inner_product_param { num_output: 4 weight_filler { type: "xavier" } } }
layer { name: "fc8" type: "InnerProduct" bottom: "fc6" top: "fc8"
  inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }`;
const convolutional = (channels: number) => `
input: "data" input_shape { dim: 1 dim: ${channels} dim: 5 dim: 5 }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1" convolution_param { num_output: 2 kernel_size: 3 } }
layer { name: "fc6" type: "Convolution" bottom: "conv1" top: "fc6" convolution_param { num_output: 4 kernel_size: 3 } }
layer { name: "score" type: "Convolution" bottom: "fc6" top: "score" convolution_param { num_output: 2 kernel_size: 1 } }`;

async function surgery(...args: string[]) {
  const io = recordedIo(folder);
  const { flags } = parseArguments([...args, "--threads=1"], surgeryCommand.flags);
  await surgeryCommand.run(flags, [], io);
  return io.stdout;
}

function expectClose(got: Float32Array, wanted: Float32Array): void {
  const differences = got.map((value, i) => Math.abs(value - wanted[i]!));
  expect(got).toHaveLength(wanted.length);
  expect(Math.max(...differences)).toBeLessThan(1e-5);
  expect(Math.max(...wanted)).toBeGreaterThan(0.1);
}

beforeAll(async () => {
  writeFileSync(at("classifier.prototxt"), classifier);
  writeFileSync(at("fcn.prototxt"), convolutional(3));
  writeFileSync(at("gray.prototxt"), convolutional(1));
  writeFileSync(at("other.prototxt"), classifier.replaceAll(/name: "/g, 'name: "x-'));
  const net = await Net.load(at("classifier.prototxt"), { seed: 4, threads: 1 });
  await net.save(at("classifier.caffemodel"));
  net.dispose();
});

describe("surgery", () => {
  test("turns a fully connected layer into the convolution that it is", async () => {
    const lines = await surgery(
      "--from-model=classifier.prototxt",
      "--from-weights=classifier.caffemodel",
      "--to=fcn.prototxt",
      "--out=fcn.caffemodel",
    );
    expect(lines).toEqual([
      "copied         conv1 weight  2 3 3 3 (54) -> 2 3 3 3 (54)",
      "copied         conv1 bias  2 (2) -> 2 (2)",
      "copied flat    fc6 weight  4 18 (72) -> 4 2 3 3 (72)",
      "copied         fc6 bias  4 (4) -> 4 (4)",
      "dropped        fc8 weight  the target has no such parameter",
      "dropped        fc8 bias  the target has no such parameter",
      "4 of 6 parameters copied; wrote fcn.caffemodel",
    ]);
    const options = { phase: "TEST", threads: 1 } as const;
    const before = await Net.load(at("classifier.prototxt"), {
      ...options,
      weights: at("classifier.caffemodel"),
    });
    const after = await Net.load(at("fcn.prototxt"), { ...options, weights: at("fcn.caffemodel") });
    const data = Float32Array.from({ length: 75 }, (_, i) => Math.sin(i));
    await before.forward({ data });
    await after.forward({ data });
    expectClose(after.blobs.get("fc6")!.data, before.blobs.get("fc6")!.data);
    before.dispose();
    after.dispose();
  });

  test("sums colour filters for gray images, which then give what three copies gave", async () => {
    const lines = await surgery(
      "--from-weights=classifier.caffemodel",
      "--to=gray.prototxt",
      "--out=gray.caffemodel",
      "--gray",
    );
    expect(lines[0]).toBe("summed to gray conv1 weight  2 3 3 3 (54) -> 2 1 3 3 (18)");
    const options = { phase: "TEST", threads: 1 } as const;
    const colour = await Net.load(at("classifier.prototxt"), {
      ...options,
      weights: at("classifier.caffemodel"),
    });
    const gray = await Net.load(at("gray.prototxt"), {
      ...options,
      weights: at("gray.caffemodel"),
    });
    const plane = Array.from({ length: 25 }, (_, i) => Math.cos(3 * i));
    await colour.forward({ data: [...plane, ...plane, ...plane] });
    await gray.forward({ data: plane });
    expectClose(gray.blobs.get("conv1")!.data, colour.blobs.get("conv1")!.data);
    colour.dispose();
    gray.dispose();
  });

  test("drops colour filters where it is not told to sum them", async () => {
    const lines = await surgery(
      "--from-weights=classifier.caffemodel",
      "--to=gray.prototxt",
      "--out=dropped.caffemodel",
    );
    expect(lines[0]).toBe(
      "dropped        conv1 weight  sizes differ: 2 3 3 3 (54) -> 2 1 3 3 (18)",
    );
  });

  test("writes nothing where no layer has a name in common", async () => {
    await expect(
      surgery(
        "--from-weights=classifier.caffemodel",
        "--to=other.prototxt",
        "--out=none.caffemodel",
      ),
    ).rejects.toThrow(
      "no layer of other.prototxt has parameters in classifier.caffemodel; nothing was written",
    );
    expect(existsSync(at("none.caffemodel"))).toBe(false);
  });
});
