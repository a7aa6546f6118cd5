/** @file Trained nets of other people with their real weights, against OpenCV's importer of Caffe nets. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { readCaffemodel, readNpy, writeCaffemodel } from "../../src/model-file/index.ts";
import { Net } from "../../src/net/net.ts";
import { createMessage, parsePrototxt } from "../../src/schema/index.ts";
import { expectClose } from "../support/allclose.ts";
import { hasPythonModule, runPython } from "../support/python.ts";
import { expectSameBits } from "../support/same-bits.ts";
import { hasShared, sharedPath } from "../support/shared.ts";
import { temporaryFolder } from "../support/solver.ts";

const model = (name: string) => sharedPath("data/models", name);

interface TrainedNet {
  readonly name: string;
  readonly prototxt: string;
  readonly weights: string;
  /** Input as (N, C, H, W). */
  readonly shape: readonly [number, number, number, number];
  /** What is taken from a pixel, and what it is then multiplied with. */
  readonly mean: number;
  readonly scale: number;
}

type Row = readonly [prototxt: string, weights: string, TrainedNet["shape"], number, number];

const rows: readonly Row[] = [
  ["squeezenet_v1.0/deploy", "squeezenet_v1.0/squeezenet_v1.0", [1, 3, 227, 227], 110, 1],
  ["lenet-v1/lenet", "lenet-v1/lenet_iter_10000", [3, 1, 28, 28], 0, 1 / 256],
  ...["quick-v1/cifar10_quick_iter_4000", "quick-v1/cifar10_quick_iter_5000"]
    .concat("full-v1/cifar10_full_iter_70000", "quick-hdf5/cifar10_quick_iter_4000")
    .map((weights): Row => {
      const prototxt = weights.replace(/_iter_.*/, "");
      return [`cifar10-${prototxt}`, `cifar10-${weights}`, [2, 3, 32, 32], 120, 1];
    }),
  // The first net of the cascade is convolutional: it runs on a whole picture.
  ["mtcnn/det1", "mtcnn/det1", [1, 3, 90, 131], 127.5, 1 / 128],
  ["mtcnn/det2", "mtcnn/det2", [4, 3, 24, 24], 127.5, 1 / 128],
  ["mtcnn/det3", "mtcnn/det3", [4, 3, 48, 48], 127.5, 1 / 128],
  ["rfb-320/RFB-320", "rfb-320/RFB-320", [1, 3, 240, 320], 127, 1 / 128],
  ["wechat-sr/sr", "wechat-sr/sr", [1, 1, 61, 80], 0, 1 / 255],
];

const nets = rows.map(([prototxt, weights, shape, mean, scale]): TrainedNet => {
  const end = existsSync(model(`${weights}.caffemodel`)) ? ".caffemodel" : ".caffemodel.h5";
  const files = { prototxt: model(`${prototxt}.prototxt`), weights: model(`${weights}${end}`) };
  return { name: weights, ...files, shape, mean, scale };
});

/** A photograph in planes, as many times as the batch wants it, each time with other colors. */
async function pictures({ shape, mean, scale }: TrainedNet): Promise<Float32Array> {
  const [count, channels, height, width] = shape;
  const file = sharp(sharedPath("data/images/cat.jpg")).resize(width, height, { fit: "fill" });
  const rgb = await file.removeAlpha().raw().toBuffer();
  const area = height * width;
  return Float32Array.from({ length: count * channels * area }, (_, i) => {
    const image = Math.floor(i / (channels * area));
    const channel = Math.floor(i / area) % channels;
    return (rgb[3 * (i % area) + ((channel + image) % 3)]! - mean) * scale;
  });
}

const OPENCV = `
import json, sys, base64
import cv2, numpy as np
def answer(task):
    net = cv2.dnn.readNetFromCaffe(task["prototxt"], task["weights"])
    values = np.frombuffer(base64.b64decode(task["input"]), "<f4").reshape(task["shape"])
    net.setInput(values.copy(), task["inputName"])
    outputs = net.forward(task["outputs"])
    return [base64.b64encode(o.astype("<f4").tobytes()).decode() for o in outputs]
json.dump([answer(task) for task in json.load(sys.stdin)], sys.stdout)
`;

const toBase64 = ({ buffer, byteOffset, byteLength }: Float32Array) =>
  Buffer.from(buffer, byteOffset, byteLength).toString("base64");
const fromBase64 = (text: string) =>
  new Float32Array(new Uint8Array(Buffer.from(text, "base64")).buffer);

/** What cortado computed, by output, and the same task for OpenCV. */
async function run(trained: TrainedNet) {
  const { prototxt, weights, shape } = trained;
  const net = await Net.load(prototxt, { phase: "TEST", weights });
  const inputName = net.inputs[0]!;
  net.blobs.get(inputName)!.reshape(...shape);
  await net.reshape();
  const input = await pictures(trained);
  const outputs = Object.entries(await net.forward({ [inputName]: input })).map(
    ([name, values]) => [name, Float32Array.from(values)] as const,
  );
  net.dispose();
  const task = { prototxt, shape, inputName, input: toBase64(input) };
  return { outputs, task: { ...task, outputs: outputs.map(([name]) => name) } };
}

/** OpenCV reads no HDF5: it gets the same weights in the other form. */
async function forOpenCv(weights: string, folder: string): Promise<string> {
  if (!weights.endsWith(".h5")) return weights;
  const path = join(folder, "weights.caffemodel");
  await writeCaffemodel(path, await readCaffemodel(weights));
  return path;
}

const canCompare = hasShared && hasPythonModule("cv2");

describe.skipIf(!canCompare)("real weights (need ../shared and OpenCV for Python)", () => {
  let ours: Awaited<ReturnType<typeof run>>[];
  let theirs: string[][];

  beforeAll(async () => {
    using folder = temporaryFolder();
    ours = await Promise.all(nets.map(run));
    const tasks = ours.map(async ({ task }, i) => {
      return { ...task, weights: await forOpenCv(nets[i]!.weights, folder.path) };
    });
    theirs = runPython(OPENCV, await Promise.all(tasks)) as string[][];
  });

  test.each(nets.map(({ name }, index) => ({ name, index })))(
    "of $name give what they give in OpenCV",
    ({ index }) => {
      ours[index]!.outputs.forEach(([name, values], i) => {
        const expected = fromBase64(theirs[index]![i]!);
        expect(new Set(expected).size, `${name} says little`).toBeGreaterThan(expected.length / 4);
        // Nets of up to 70 layers, whose sums the two add up in other orders.
        expectClose(values, expected, { rtol: 1e-4, atol: 1e-5 });
      });
    },
  );
});

/** NumPy's arrays in C order, float32. */
async function npy(name: string) {
  const { shape, data } = await readNpy(sharedPath("data/caffe-layer-outputs", name));
  return { shape, data };
}

const LAYERS = [
  ...["convolution", "deconvolution", "inner_product", "lrn_channels", "lrn_spatial"],
  ...["mvn", "pooling_ave", "pooling_max", "softmax"],
];

describe.skipIf(!hasShared)("layers that others ran with their Caffe (need ../shared)", () => {
  test.each(LAYERS)("%s computes what theirs did", async (name) => {
    const file = (end: string) => sharedPath("data/caffe-layer-outputs", `layer_${name}.${end}`);
    const weights = existsSync(file("caffemodel")) ? file("caffemodel") : undefined;
    const net = await Net.load(file("prototxt"), { phase: "TEST", weights, threads: 1 });
    const input = await npy(
      name === "deconvolution" ? "layer_deconvolution.input.npy" : "blob.npy",
    );
    const expected = await npy(`layer_${name}.npy`);
    net.blobs.get("input")!.reshape(...input.shape);
    await net.reshape();
    await net.forward({ input: input.data });
    const output = net.blobs.get("output")!;
    expect(output.shape).toEqual(expected.shape);
    // Their own sums differ from NumPy's by up to 7e-6.
    expectClose(output.data, expected.data, { rtol: 1e-5, atol: 1e-5 });
    net.dispose();
  });

  test("slices, reshapes and joins undo each other", async () => {
    const path = sharedPath("data/caffe-layer-outputs/reshape_and_slice_routines.prototxt");
    const text = readFileSync(path, "utf8");
    const param = parsePrototxt(text, { message: "NetParameter", fileName: path });
    // The file leaves the input's shape to its user.
    param.inputShape = [createMessage("BlobShape", { dim: [2, 6, 5, 3] })];
    const net = await Net.load(param, { phase: "TEST", threads: 1 });
    const input = Float32Array.from({ length: 180 }, (_, i) => Math.sin(i));
    const { output } = await net.forward({ input });
    expect(net.blobs.get("dummy_reshape")!.shape).toEqual([2, 6, 1, 1, 1, 1, 5, 3]);
    expectSameBits(output!, input);
    net.dispose();
  });
});
