import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Blob } from "../../src/core/blob.ts";
import { Heap } from "../../src/core/heap.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { ModelFileError } from "../../src/errors.ts";
import { copyTrainedLayers, readCaffemodel, shapeFits } from "../../src/model-file/index.ts";
import { Net } from "../../src/net/net.ts";
import { type BlobProto, createMessage } from "../../src/schema/index.ts";
import { floatsOf } from "../support/floats.ts";
import { hasShared, sharedPath } from "../support/shared.ts";
import { recordedLogger } from "../support/solver.ts";

const heap = new Heap();

/** A source net: the blobs of each layer by name. */
function source(layers: Readonly<Record<string, BlobProto[]>>) {
  const layer = Object.entries(layers).map(([name, blobs]) =>
    createMessage("LayerParameter", { name, blobs }),
  );
  return createMessage("NetParameter", { layer });
}

function target(layers: Readonly<Record<string, (readonly number[])[]>>) {
  return new Map(
    Object.entries(layers).map(([name, shapes]) => [name, shapes.map((s) => new Blob(heap, s))]),
  );
}

const blob = (dim: number[], first = 0): BlobProto => {
  const count = dim.reduce((product, size) => product * size, 1);
  return { shape: { dim }, data: Float32Array.from({ length: count }, (_, i) => first + i) };
};

test("copies by name, and leaves other layers as they are", () => {
  const blobs = target({ a: [[2, 2], [2]], other: [[1]], "no blobs": [] });
  blobs.get("other")![0]!.set(7);
  const logger = recordedLogger();
  const net = source({ a: [blob([2, 2], 1), blob([2], 5)], gone: [blob([1])], "no blobs": [] });
  copyTrainedLayers(net, blobs, logger);
  expect([...blobs.get("a")![0]!.data]).toEqual([1, 2, 3, 4]);
  expect([...blobs.get("a")![1]!.data]).toEqual([5, 6]);
  expect([...blobs.get("other")![0]!.data]).toEqual([7]);
  expect(logger.lines).toEqual(["Ignoring source layer gone"]);
});

test("copies gradients and doubles", () => {
  const blobs = target({ a: [[2]] });
  const doubles = { doubleData: Float64Array.of(1, 2), doubleDiff: Float64Array.of(3, 4) };
  copyTrainedLayers(source({ a: [{ shape: { dim: [2] }, ...doubles }] }), blobs, silentLogger);
  expect([...blobs.get("a")![0]!.data, ...blobs.get("a")![0]!.diff]).toEqual([1, 2, 3, 4]);
});

describe("what does not fit is refused in Caffe's words, and nothing is copied", () => {
  const cases: [string, BlobProto[], string][] = [
    [
      "another shape",
      [blob([96, 3, 11, 11])],
      "Cannot copy param 0 weights from layer 'conv1'; shape mismatch.  Source param shape is " +
        "96 3 11 11 (34848); target param shape is 96 1 11 11 (11616). To learn this layer's " +
        "parameters from scratch rather than copying from a saved net, rename the layer.",
    ],
    [
      "another number of blobs",
      [blob([96, 1, 11, 11]), blob([96])],
      "Incompatible number of blobs for layer conv1: the file has 2, the net 1",
    ],
    [
      "too few values",
      [{ shape: { dim: [96, 1, 11, 11] }, data: new Float32Array(3) }],
      "blob 0 of layer 'conv1' should have 11616 values, but the file has 3",
    ],
  ];

  test.each(cases)("%s", (_, blobs, message) => {
    const into = target({ first: [[2]], conv1: [[96, 1, 11, 11]] });
    const copy = () =>
      copyTrainedLayers(source({ first: [blob([2], 8)], conv1: blobs }), into, silentLogger);
    expect(copy).toThrow(ModelFileError);
    expect(copy).toThrow(message);
    expect([...into.get("first")![0]!.data]).toEqual([0, 0]);
  });
});

test.each([
  [[1, 1, 1, 5], [5], true],
  [[1, 1, 4, 5], [4, 5], true],
  [[1, 2, 4, 5], [2, 4, 5], true],
  [[3, 2, 4, 5], [3, 2, 4, 5], true],
  [[1, 1, 1, 1], [], true],
  [[5, 1, 1, 1], [5], false],
  [[4, 5, 1, 1], [4, 5], false],
  [[1, 2, 3, 4], [1, 1, 2, 3, 4], false],
] as [number[], number[], boolean][])(
  "an old shape %j against a blob of %j: %s",
  (shape, blobShape, fits) => {
    expect(shapeFits({ shape, legacy: true }, blobShape)).toBe(fits);
  },
);

test("a shape of today fits only itself", () => {
  expect(shapeFits({ shape: [1, 1, 1, 5], legacy: false }, [5])).toBe(false);
  expect(shapeFits({ shape: [5], legacy: false }, [5])).toBe(true);
});

test.skipIf(!hasShared)("loads an old caffemodel as Caffe does (needs ../shared)", async () => {
  const folder = sharedPath("golden/upgrade/v1_caffemodel_binary");
  const { params } = JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8")) as {
    params: { layer: string; index: number; file: string; shape: number[] }[];
  };
  const net = await Net.load(`${folder}/net.prototxt`, { root: folder });
  await net.copyTrainedLayersFrom(await readCaffemodel(`${folder}/in.bin`));
  for (const { layer, index, file, shape } of params) {
    const { data, shape: own } = net.params.get(layer)![index]!;
    expect([own, data]).toEqual([shape, floatsOf(`${folder}/${file}`)]);
  }
  net.dispose();
});

test.skipIf(!hasShared)(
  "a model for color images does not go into a net for gray ones (needs ../shared)",
  async () => {
    const text = readFileSync(sharedPath("data/models/squeezenet_v1.0/deploy.prototxt"), "utf8");
    expect(text).toContain("dim: 3");
    const model = await readCaffemodel(
      sharedPath("data/models/squeezenet_v1.0/squeezenet_v1.0.caffemodel"),
    );
    const into = target({ conv1: [[96, 1, 7, 7], [96]] });
    expect(() => copyTrainedLayers(model, into, silentLogger)).toThrow(
      /^Cannot copy param 0 weights from layer 'conv1'; shape mismatch\. {2}Source param shape is 96 3 7 7 \(14112\); target param shape is 96 1 7 7 \(4704\)\./,
    );
  },
);
