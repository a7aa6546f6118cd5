/** @file Trained nets of other people, on real pictures: what they are known to answer. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import sharp from "sharp";
import { expect, test } from "vitest";
import { Net } from "../../src/net/net.ts";
import { hasShared, sharedPath } from "../support/shared.ts";

const model = (...parts: string[]) => sharedPath("data", "models", ...parts);

/** A photograph as ImageNet nets of Caffe take it: BGR planes less the mean colour. */
async function bgrPlanes(file: string, size: number): Promise<Float32Array> {
  const means = [104, 117, 123];
  const rgb = await sharp(file).resize(size, size, { fit: "fill" }).removeAlpha().raw().toBuffer();
  return Float32Array.from({ length: 3 * size * size }, (_, i) => {
    const channel = Math.floor(i / (size * size));
    return rgb[3 * (i % (size * size)) + 2 - channel]! - means[channel]!;
  });
}

test.skipIf(!hasShared)("SqueezeNet sees a fox or a cat in cat.jpg (needs ../shared)", async () => {
  const net = await Net.load(model("squeezenet_v1.0", "deploy.prototxt"), {
    phase: "TEST",
    weights: model("squeezenet_v1.0", "squeezenet_v1.0.caffemodel"),
    outputsOnly: true,
  });
  const input = net.inputs[0]!;
  const shape = net.blobs.get(input)!.shape;
  net.blobs.get(input)!.reshape(1, ...shape.slice(1));
  await net.reshape();
  const image = await bgrPlanes(sharedPath("data", "images", "cat.jpg"), shape[2]!);
  const outputs = await net.forward({ [input]: image });
  const scores = [...Object.values(outputs)[0]!];
  const names = readFileSync(sharedPath("data", "images", "synset_words.txt"), "utf8").split("\n");
  const first = scores
    .map((score, index) => ({ score, name: names[index]! }))
    .sort((a, b) => b.score - a.score)
    .slice(0, 10)
    .map(({ name }) => name);
  net.dispose();
  for (const animal of ["kit fox", "red fox", "corgi", "tabby"]) {
    expect(
      first.some((name) => name.includes(animal)),
      `${animal} in ${first}`,
    ).toBe(true);
  }
});

/** Pixels or labels of an idx file, without its header. */
function idx(file: string, headerBytes: number): Uint8Array {
  return gunzipSync(readFileSync(sharedPath("data", "mnist", file))).subarray(headerBytes);
}

test.skipIf(!hasShared)(
  "LeNet's V1 weights get 9,905 of MNIST's 10,000 test digits right (needs ../shared)",
  async () => {
    const net = await Net.load(model("lenet-v1", "lenet.prototxt"), {
      phase: "TEST",
      weights: model("lenet-v1", "lenet_iter_10000.caffemodel"),
    });
    const batch = 100;
    net.blobs.get("data")!.reshape(batch, 1, 28, 28);
    await net.reshape();
    const pixels = idx("t10k-images-idx3-ubyte.gz", 16);
    const labels = idx("t10k-labels-idx1-ubyte.gz", 8);
    const input = new Float32Array(batch * 784);
    let right = 0;
    for (let start = 0; start < 10_000; start += batch) {
      input.forEach((_, i) => {
        input[i] = pixels[784 * start + i]! / 256;
      });
      const { prob } = await net.forward({ data: input });
      for (let n = 0; n < batch; n++) {
        const digits = prob!.subarray(10 * n, 10 * n + 10);
        if (digits.indexOf(Math.max(...digits)) === labels[start + n]) right++;
      }
    }
    net.dispose();
    expect(right).toBe(9905);
  },
  60_000,
);
