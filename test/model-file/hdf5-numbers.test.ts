/** @file Numbers of all kinds in HDF5 files become the float32 that the HDF5 library makes of them. */
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { count } from "../../src/core/shape.ts";
import { readCaffemodel } from "../../src/model-file/index.ts";
import { slabs } from "../../src/model-file/hdf5/slabs.ts";
import { hasH5py, writeH5 } from "../support/h5-file.ts";
import { runPython } from "../support/python.ts";
import { temporaryFolder } from "../support/solver.ts";

describe.skipIf(!hasH5py)("numbers (needs h5py)", () => {
  const kinds = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"];

  test.each(["<", ">"])("of every type with byte order %s", async (order) => {
    using folder = temporaryFolder();
    const path = join(folder.path, "x.h5");
    writeH5(
      path,
      `r = np.random.default_rng(7)
for i, kind in enumerate(${JSON.stringify(kinds)}):
    kind = "${order}" + kind
    t = np.dtype(kind)
    v = np.frombuffer(r.bytes(2000 * t.itemsize), t).copy()
    v[:4] = [0, 1, 2, 3]
    if t.kind == "f": v[4:8] = [np.inf, -np.inf, -0.0, np.nan]
    if t.kind != "f":
        n = np.iinfo(t)
        v[4:6] = [n.min, n.max]
        v[6:200] >>= np.array(t.itemsize * 3, t)
        if t.itemsize == 8: v[200:210] = [2**53 + k for k in range(-3, 7)]
        if t.itemsize == 8: v[210:214] = [2**40 + 2**16 + k for k in (-1, 0, 1, 2**17)]
    # For the other byte order the library converts in software, which halves or doubles what is
    # subnormal in float32 and rounds at the upper end otherwise: not worth following.
    if kind == ">f8":
        v[8:] = r.normal(size=1992) * 10.0 ** r.integers(-36, 38, 1992)
    if kind == "<f8":
        top = 3.4028234663852886e38
        v[10:18] = [top, -top, top * (1 + 1e-9), -top * (1 + 1e-9), top * 1.1, 1e-46, 7e-46, 1e-40]
        v[18:] = r.normal(size=1982) * 10.0 ** r.integers(-45, 39, 1982)
    f["data/a/%d" % i] = v`,
    );
    // h5py has the HDF5 library convert when the array to read into is of another type.
    const expected = runPython(
      `
import sys, json, base64, h5py, numpy as np
f = h5py.File(json.load(sys.stdin), "r")
out = []
for i in range(${kinds.length}):
    a = np.empty(2000, "<f4")
    f["data/a/%d" % i].read_direct(a)
    out.append(base64.b64encode(a.tobytes()).decode())
print(json.dumps(out))`,
      path,
    ) as string[];
    const { layer } = await readCaffemodel(path);
    for (const [i, kind] of kinds.entries()) {
      const { data } = layer[0]!.blobs[i]!;
      const bytes = Buffer.from(expected[i]!, "base64");
      const theirs = new Float32Array(new Uint8Array(bytes).buffer);
      const wrong = [...data!.keys()].filter((at) => !Object.is(data![at], theirs[at]));
      expect(
        wrong.map((at) => [at, data![at], theirs[at]]),
        kind,
      ).toEqual([]);
    }
  });
});

describe("pieces of an array", () => {
  const shape = fc.array(fc.nat(7), { maxLength: 5 });

  test("cover it once, in order, none larger than the limit", () => {
    fc.assert(
      fc.property(
        shape,
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 5 }),
        (dims, limit, rows) => {
          let next = 0;
          for (const { offset, shape: part, start } of slabs(dims, limit, rows)) {
            expect(start).toBe(next);
            const flat = offset.reduce(
              (sum, index, axis) => sum + index * count(dims, axis + 1),
              0,
            );
            expect(flat).toBe(start);
            expect(count(part)).toBeLessThanOrEqual(limit);
            next += count(part);
          }
          expect(next).toBe(count(dims));
        },
      ),
    );
  });

  test("are whole chunks where these fit", () => {
    const rows = [...slabs([10, 3], 13, 2)].map(({ shape: part }) => part[0]);
    expect(rows).toEqual([4, 4, 2]);
    expect([...slabs([10, 3], 13, 7)].map(({ shape: part }) => part[0])).toEqual([4, 4, 2]);
  });
});
