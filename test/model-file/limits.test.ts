import { closeSync, ftruncateSync, openSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  readCaffemodel,
  writeBinaryProto,
  writeCaffemodel,
  writeSolverState,
} from "../../src/model-file/index.ts";
import { type BlobProto, createMessage } from "../../src/schema/index.ts";
import { temporaryFolder } from "../support/solver.ts";

/** 256 MiB of zeros that nobody touches, so that they take no memory; many blobs may have them. */
const data = new Float32Array(2 ** 26);
const blob: BlobProto = { shape: { dim: [2 ** 26] }, data };
const blobs = Array.from({ length: 8 }, () => blob);

describe("what passes protobuf's 2 GiB is refused before anything is written", () => {
  const net = createMessage("NetParameter", {
    layer: [createMessage("LayerParameter", { name: "fc6", blobs })],
  });

  test.each([
    ["vgg.caffemodel", (path: string) => writeCaffemodel(path, net), "NetParameter"],
    [
      "vgg.solverstate",
      (path: string) => writeSolverState(path, createMessage("SolverState", { history: blobs })),
      "SolverState",
    ],
  ])("%s, with advice", async (name, write, message) => {
    using folder = temporaryFolder();
    const path = join(folder.path, name);
    await expect(write(path)).rejects.toThrow(
      new RegExp(
        `${name} was not written: a ${message} of 2147483\\d{3} bytes passes protobuf's limit of ` +
          `2 GiB; HDF5 has no such limit: write \\${name.replace("vgg", "")}\\.h5, or set snapshot_format: HDF5$`,
      ),
    );
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test("a mean, which has no other form", async () => {
    using folder = temporaryFolder();
    const doubleData = new Float64Array(2 ** 28);
    await expect(
      writeBinaryProto(join(folder.path, "m.binaryproto"), { doubleData }),
    ).rejects.toThrow(/m\.binaryproto was not written: .* limit of 2 GiB$/);
  });
});

test("a file of more than 2 GiB is refused unread", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "large.caffemodel");
  const file = openSync(path, "w");
  ftruncateSync(file, 2 ** 31);
  closeSync(file);
  await expect(readCaffemodel(path)).rejects.toThrow(
    `${path}: 2147483648 bytes are more than a protobuf message can have (2 GiB); Caffe writes ` +
      "weights of that size as .caffemodel.h5 (snapshot_format: HDF5)",
  );
});
