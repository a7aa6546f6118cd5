import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  MeanAccumulator,
  type Planes,
  datumPlanes,
  decodeDatum,
  decodeImage,
  openLmdb,
  readMeanImage,
} from "../../src/data/index.ts";
import { DataSourceError, ModelFileError } from "../../src/errors.ts";
import { blobFromProto, writeBinaryProto } from "../../src/model-file/index.ts";
import { hasPythonModule, runPython } from "../support/python.ts";
import { hasShared, sharedPath } from "../support/shared.ts";
import { temporaryFolder } from "../support/solver.ts";

const gray = (...data: number[]): Planes => ({
  ...{ channels: 1, height: 1, width: data.length },
  data: Uint8Array.from(data),
});

test("is the mean of each pixel and of each channel", () => {
  const mean = new MeanAccumulator();
  mean.add(gray(1, 10));
  mean.add(gray(2, 30));
  expect(mean.count).toBe(2);
  expect(mean.toProto()).toEqual({
    ...{ num: 1, channels: 1, height: 1, width: 2 },
    data: Float32Array.of(1.5, 20),
  });
  expect(mean.channelMeans()).toEqual([10.75]);
});

test("of many images does not lose what float32 would", () => {
  const mean = new MeanAccumulator();
  // The float32 sum of 16-bit values stops growing exactly at 2^24.
  const image: Planes = { channels: 1, height: 1, width: 1, data: Uint16Array.of(65535) };
  const other: Planes = { ...image, data: Uint16Array.of(65534) };
  for (let i = 0; i < 1000; i++) mean.add(i % 2 ? image : other);
  expect(mean.toProto().data).toEqual(Float32Array.of(65534.5));
});

test("of images of two shapes is refused by name", () => {
  const mean = new MeanAccumulator();
  mean.add(gray(1, 2));
  expect(() => mean.add(gray(1), "db: record k")).toThrow(DataSourceError);
  expect(() => mean.add(gray(1), "db: record k")).toThrow(
    "db: record k: a mean needs images of one shape; this one is 1 x 1 x 1, the first 1 x 1 x 2",
  );
  expect(() => new MeanAccumulator().toProto()).toThrow(/no mean of no images/);
});

describe.skipIf(!hasShared)("against compute_image_mean (needs ../shared)", () => {
  test.each(["convert_default", "convert_gray_resize", "convert_encode_type_png_resize"])(
    "computes the mean of %s",
    async (name) => {
      const folder = sharedPath("golden/data", name);
      const reader = openLmdb(join(folder, "db"));
      const mean = new MeanAccumulator();
      const cursor = reader.cursor();
      while (cursor.next()) {
        const datum = decodeDatum(cursor.value);
        mean.add(datum.encoded ? await decodeImage(datum.data!, "x") : datumPlanes(datum));
      }
      reader.close();
      const { channels, height, width, data } = await readMeanImage(
        join(folder, "mean.binaryproto"),
      );
      const own = blobFromProto(mean.toProto());
      expect(own.shape).toEqual([1, channels, height, width]);
      expect(own.data).toEqual(data);
      const logged = [
        ...readFileSync(join(folder, "mean.log"), "utf8").matchAll(
          /mean_value channel \[\d\]: (.+)/g,
        ),
      ];
      expect(mean.channelMeans().map((value) => value.toPrecision(6))).toEqual(
        logged.map(([, value]) => Number(value).toPrecision(6)),
      );
    },
  );
});

describe("mean files", () => {
  test("have three axes, or more that are 1", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "mean.binaryproto");
    await writeBinaryProto(path, { shape: { dim: [2, 1, 3] }, data: new Float32Array(6) });
    expect(await readMeanImage(path)).toMatchObject({ channels: 2, height: 1, width: 3 });
    await writeBinaryProto(path, {
      num: 2,
      channels: 1,
      height: 1,
      width: 3,
      data: new Float32Array(6),
    });
    await expect(readMeanImage(path)).rejects.toThrow(/not 2 x 1 x 1 x 3/);
  });

  test.skipIf(!hasPythonModule("numpy"))("may be numpy's (needs python3-numpy)", async () => {
    using folder = temporaryFolder();
    const script = `
import json, sys, numpy as np
folder = json.load(sys.stdin)
a = np.arange(12).reshape(2, 2, 3)
for t in ["f4", "f8", "u1", "u2", "i4"]: np.save(folder + "/" + t + ".npy", a.astype(t))
np.save(folder + "/fortran.npy", np.asfortranarray(a.astype("f4")))
np.save(folder + "/big.npy", a.astype(">f4"))
print(1)`;
    runPython(script, folder.path);
    for (const type of ["f4", "f8", "u1", "u2", "i4"]) {
      expect(await readMeanImage(join(folder.path, `${type}.npy`))).toEqual({
        ...{ channels: 2, height: 2, width: 3 },
        data: Float32Array.from({ length: 12 }, (_, i) => i),
      });
    }
    const whole = readFileSync(join(folder.path, "f4.npy"));
    for (const size of [0, 5, 11, 60, whole.length - 1]) {
      const path = join(folder.path, "cut.npy");
      writeFileSync(path, whole.subarray(0, size));
      await expect(readMeanImage(path)).rejects.toThrow(ModelFileError);
    }
    await expect(readMeanImage(join(folder.path, "fortran.npy"))).rejects.toThrow(/C order/);
    await expect(readMeanImage(join(folder.path, "big.npy"))).rejects.toThrow(/type >f4/);
  });
});
