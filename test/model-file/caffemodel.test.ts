import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CaffeError, ModelFileError } from "../../src/errors.ts";
import {
  blobFromProto,
  readBinaryProto,
  readCaffemodel,
  readSolverState,
  writeBinaryProto,
  writeCaffemodel,
  writeSolverState,
} from "../../src/model-file/index.ts";
import { type BlobProto, createMessage } from "../../src/schema/index.ts";
import { hasShared, sharedPath } from "../support/shared.ts";
import { temporaryFolder } from "../support/solver.ts";

interface BlobFacts {
  readonly shape: readonly number[];
  readonly legacy_shape: boolean;
  readonly sha256: string;
}

interface Contents {
  readonly layers?: readonly { readonly name: string; readonly blobs: readonly BlobFacts[] }[];
  readonly blob?: BlobFacts;
  readonly iter?: number;
  readonly learned_net?: string;
  readonly current_step?: number;
  readonly history?: readonly BlobFacts[];
}

const contents = hasShared
  ? (JSON.parse(readFileSync(sharedPath("data/models/CONTENTS.json"), "utf8")) as Record<
      string,
      Contents
    >)
  : {};
const named = (end: string) =>
  Object.keys(contents).filter((name) => name.endsWith(end) && !name.startsWith("negative/"));
const model = (name: string) => sharedPath("data/models", name);

function facts(proto: BlobProto): BlobFacts {
  const { shape, legacy, data } = blobFromProto(proto);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { shape, legacy_shape: legacy, sha256 };
}

const only = ({ shape, legacy_shape, sha256 }: BlobFacts) => ({ shape, legacy_shape, sha256 });

describe.skipIf(!hasShared)("published files (needs ../shared)", () => {
  test.each(named(".caffemodel"))("gives the layers and every weight of %s", async (name) => {
    const net = await readCaffemodel(model(name));
    for (const { name: layerName, blobs } of contents[name]!.layers!) {
      const layer = net.layer.find((candidate) => candidate.name === layerName);
      expect(layer?.blobs.map(facts), layerName).toEqual(blobs.map(only));
    }
  });

  test.each(named(".binaryproto"))("gives the values of %s", async (name) => {
    expect(facts(await readBinaryProto(model(name)))).toEqual(only(contents[name]!.blob!));
  });

  test.each(named(".solverstate"))("gives iteration and history of %s", async (name) => {
    const { iter, learnedNet, currentStep, history } = await readSolverState(model(name));
    const expected = contents[name]!;
    expect([iter, learnedNet]).toEqual([expected.iter, expected.learned_net]);
    expect(currentStep ?? 0).toBe(expected.current_step ?? 0);
    expect(history.map(facts)).toEqual(expected.history!.map(only));
  });

  test("what Caffe wrote is written again byte by byte", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "again");
    const cases = readdirSync(sharedPath("golden/solver"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => sharedPath("golden/solver", entry.name));
    let compared = 0;
    for (const file of cases.flatMap((folderName) =>
      ["snap_iter_10.caffemodel", "init.caffemodel"].map((name) => join(folderName, name)),
    )) {
      if (!existsSync(file)) continue;
      const read = await readCaffemodel(file);
      // Reading gives BatchNorm's params a decay_mult of 0, as Caffe does (UpgradeNetBatchNorm).
      if (read.layer.some((layer) => layer.type === "BatchNorm")) continue;
      await writeCaffemodel(path, read);
      expect(readFileSync(path).equals(readFileSync(file)), file).toBe(true);
      compared++;
    }
    expect(compared).toBeGreaterThan(20);
    for (const folderName of cases) {
      const file = join(folderName, "snap_iter_10.solverstate");
      if (!existsSync(file)) continue;
      await writeSolverState(path, await readSolverState(file));
      expect(readFileSync(path).equals(readFileSync(file)), file).toBe(true);
    }
  });
});

const net = createMessage("NetParameter", {
  name: "N",
  layer: [
    createMessage("LayerParameter", {
      name: "ip",
      type: "InnerProduct",
      blobs: [
        createMessage("BlobProto", {
          shape: { dim: [2, 3] },
          data: Float32Array.of(1, -2, 3.5, 0, Number.NaN, Number.POSITIVE_INFINITY),
        }),
      ],
    }),
  ],
});

test("what is written is read", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "n.caffemodel");
  await writeCaffemodel(path, net);
  const { name, layer } = await readCaffemodel(path);
  expect([name, layer[0]?.name, layer[0]?.type]).toEqual(["N", "ip", "InnerProduct"]);
  expect(blobFromProto(layer[0]!.blobs[0]!)).toEqual({
    shape: [2, 3],
    legacy: false,
    data: net.layer[0]!.blobs[0]!.data,
  });
  const mean: BlobProto = { num: 1, channels: 1, height: 1, width: 2, data: Float32Array.of(3, 4) };
  await writeBinaryProto(path, mean);
  expect(await readBinaryProto(path)).toEqual(mean);
});

describe("files that are something else", () => {
  const cases: [string, Uint8Array | string, RegExp][] = [
    ["nothing", "", /the file is empty \(0 bytes\)/],
    ["a page", "\n<!DOCTYPE html>\n<html><body>404</body></html>", /a web page \(HTML\)/],
    [
      "a pointer",
      "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 1724895\n",
      /a Git LFS pointer, not the file of 1724895 bytes .* "git lfs pull"/,
    ],
    [
      "HDF5",
      "\x89HDF\r\n\x1a\nabc",
      /Couldn't open .*x.caffemodel: .*; the file is damaged or incomplete/,
    ],
    ["gzip", "\x1f\x8b\x08abc", /a compressed file; unpack it first/],
    ["PyTorch", "PK\x03\x04abc", /a ZIP archive \(as PyTorch's models are\)/],
    [
      "a prototxt",
      `name: "N"\nlayer { name: "a" type: "ReLU" }\n# ${"x".repeat(60)}`,
      /a text file, such as a proto/,
    ],
    ["a mean", Buffer.from("0801100118012001", "hex"), /there are no layers in it/],
    [
      "junk",
      Uint8Array.from({ length: 500 }, (_, i) => i * 37),
      /damaged or cut off near byte \d+/,
    ],
  ];

  test.each(cases)("names %s in one line", async (_, bytes, message) => {
    using folder = temporaryFolder();
    const path = join(folder.path, "x.caffemodel");
    writeFileSync(path, typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
    const error: unknown = await readCaffemodel(path).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ModelFileError);
    expect(String(error)).toMatch(/^ModelFileError: [^\n]*x\.caffemodel[^\n]+$/);
    expect(String(error)).toMatch(message);
  });

  test("names what is missing, or a folder", async () => {
    using folder = temporaryFolder();
    await expect(readCaffemodel("nope.caffemodel")).rejects.toThrow(
      "Couldn't open nope.caffemodel: there is no such file",
    );
    await expect(readCaffemodel(folder.path)).rejects.toThrow(/it is a folder/);
    await expect(readBinaryProto("nope.binaryproto")).rejects.toThrow(
      "File not found: nope.binaryproto",
    );
  });

  test("tells weights, states and means apart", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "x");
    await writeCaffemodel(path, net);
    await expect(readSolverState(path)).rejects.toThrow(/x: no \.solverstate: /);
    await expect(readBinaryProto(path)).rejects.toThrow(/x: no \.binaryproto: /);
    await writeBinaryProto(path, {
      num: 1,
      channels: 1,
      height: 1,
      width: 1,
      data: Float32Array.of(1),
    });
    await expect(readSolverState(path)).rejects.toThrow(/x: no \.solverstate: /);
  });

  test.skipIf(!hasShared)("names a published mean that is cut off (needs ../shared)", async () => {
    await expect(readBinaryProto(model("negative/truncated_mean.binaryproto"))).rejects.toThrow(
      /truncated_mean\.binaryproto cannot be read as a BlobProto: .* cut off near byte 14 of 94720/,
    );
  });
});

test("a solver's state given as weights is named as such", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "snap_iter_1.solverstate");
  const history = [createMessage("BlobProto", { data: new Float32Array(3) })];
  const learnedNet = "snap_iter_1.caffemodel";
  await writeSolverState(path, createMessage("SolverState", { iter: 1, learnedNet, history }));
  await expect(readCaffemodel(path)).rejects.toThrow(
    `${path} holds the state of a solver (.solverstate), not weights (.caffemodel)`,
  );
});

describe("damaged files", () => {
  test("cut off anywhere: an error or fewer layers, never anything else", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "cut.caffemodel");
    await writeCaffemodel(path, net);
    for (let size = readFileSync(path).length - 1; size >= 0; size--) {
      truncateSync(path, size);
      const error: unknown = await readCaffemodel(path).catch((e: unknown) => e);
      expect(error, `cut at ${size}`).toBeInstanceOf(ModelFileError);
    }
  });

  test("with any bytes changed: an error of one line, or a net", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "flipped.caffemodel");
    await writeCaffemodel(path, net);
    const sound = readFileSync(path);
    const flips = fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(flips, async (changes) => {
        const bytes = Buffer.from(sound);
        for (const [at, value] of changes) bytes[at] = value;
        writeFileSync(path, bytes);
        const error: unknown = await readCaffemodel(path).then(
          () => undefined,
          (e: unknown) => e,
        );
        if (error !== undefined) expect(error).toBeInstanceOf(CaffeError);
      }),
      { numRuns: 300 },
    );
  });
});

describe("blobs", () => {
  test("of doubles become floats", () => {
    const { data, diff } = blobFromProto({
      shape: { dim: [2] },
      doubleData: Float64Array.of(0.1, 2),
      doubleDiff: Float64Array.of(3, 4),
    });
    expect(data).toEqual(Float32Array.of(0.1, 2));
    expect(diff).toEqual(Float32Array.of(3, 4));
  });

  test("with an old field have four axes, whatever else they state", () => {
    const blob = blobFromProto({
      ...{ num: 1, channels: 1, height: 1, width: 3, shape: { dim: [3] } },
      data: new Float32Array(3),
    });
    expect(blob).toMatchObject({ shape: [1, 1, 1, 3], legacy: true });
  });

  test.each([
    [{ shape: { dim: [2, 2] }, data: new Float32Array(3) }, /shape 2 2 \(4\), but 3 values/],
    [{ shape: { dim: [2] }, data: new Float32Array(2), diff: new Float32Array(1) }, /1 gradients/],
    [{ shape: { dim: [-1] }, data: new Float32Array(1) }, /impossible shape: -1/],
    [{ shape: { dim: [2 ** 31] } }, /impossible shape/],
    [{ shape: { dim: Array(33).fill(1) }, data: new Float32Array(1) }, /impossible shape/],
  ] as [BlobProto, RegExp][])("that contradict themselves are refused", (proto, message) => {
    expect(() => blobFromProto(proto, "blob 0 of layer 'a'")).toThrow(message);
    expect(() => blobFromProto(proto, "blob 0 of layer 'a'")).toThrow(/^blob 0 of layer 'a' has /);
  });
});
