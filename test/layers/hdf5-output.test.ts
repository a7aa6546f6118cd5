import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CaffeError, ModelFileError, NetDefinitionError } from "../../src/errors.ts";
import { loadHdf5, readHdf5 } from "../../src/model-file/index.ts";
import { Net } from "../../src/net/net.ts";
import { parsePrototxt } from "../../src/schema/index.ts";
import { hasH5py } from "../support/h5-file.ts";
import { runPython } from "../support/python.ts";
import { hasShared, sharedPath } from "../support/shared.ts";
import { recordedLogger, temporaryFolder } from "../support/solver.ts";

const netText = (data: string, label: string, output = 'file_name: "out.h5"') => `
  name: "N"
  layer { name: "in" type: "Input" top: "x" top: "y"
    input_param { shape { ${data} } shape { ${label} } } }
  layer { name: "o" type: "HDF5Output" bottom: "x" bottom: "y" hdf5_output_param { ${output} } }`;

function load(root: string, text: string, options: Parameters<typeof Net.load>[1] = {}) {
  const net = parsePrototxt(text, { message: "NetParameter", fileName: "net.prototxt" });
  return Net.load(net, { root, threads: 1, ...options });
}

async function contentOf(path: string) {
  return readHdf5(await loadHdf5(), path, "no file", (file) =>
    file.names("/").map((name) => {
      const array = file.array(`/${name}`, name);
      return { name, shape: array.shape, values: [...file.floats(array)] };
    }),
  );
}

const count = (from: number, length: number) => Array.from({ length }, (_, i) => from + i);

test.skipIf(!hasShared)("writes the file that Caffe writes (needs ../shared)", async () => {
  using folder = temporaryFolder();
  const source = sharedPath("golden/data/hdf5_output");
  writeFileSync(join(folder.path, "list.txt"), join(source, "in.h5"));
  const text = readFileSync(join(source, "net.prototxt"), "utf8");
  const logger = recordedLogger();
  const net = await load(folder.path, text, { phase: "TEST", logger });
  await net.run();
  expect(await contentOf(join(folder.path, "out.h5"))).toEqual(
    await contentOf(join(source, "out.h5")),
  );
  expect(logger.lines.slice(-2)).toEqual(["Saving HDF5 file out.h5", "Successfully saved 4 rows"]);
  net.dispose();
});

describe("passes", () => {
  test("replace the file first, and then add their rows", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "out.h5");
    writeFileSync(path, "old");
    const net = await load(folder.path, netText("dim: 2 dim: 3", "dim: 2"));
    expect(readFileSync(path, "utf8")).toBe("old");
    for (let pass = 0; pass < 5; pass++) {
      // The number of rows may change.
      const rows = pass === 3 ? 5 : 2;
      net.blobs.get("x")!.reshape(rows, 3);
      net.blobs.get("y")!.reshape(rows);
      await net.reshape();
      const before = [0, 2, 4, 6, 11][pass]!;
      await net.forward({ x: count(3 * before, 3 * rows), y: count(before, rows) });
      const all = before + rows;
      expect(await contentOf(path)).toEqual([
        { name: "data", shape: [all, 3, 1, 1], values: count(0, 3 * all) },
        { name: "label", shape: [all, 1, 1, 1], values: count(0, all) },
      ]);
    }
    expect(readdirSync(folder.path)).toEqual(["out.h5"]);
    net.dispose();
  });

  test.skipIf(!hasH5py)("write what h5py reads (needs h5py)", async () => {
    using folder = temporaryFolder();
    const net = await load(folder.path, netText("dim: 1 dim: 2 dim: 1 dim: 2", "dim: 1 dim: 1"));
    const script = `
import sys, json, h5py
f = h5py.File(json.load(sys.stdin), "r")
print(json.dumps([[f[k].dtype.str, f[k].shape, f[k][...].ravel().tolist(), f[k].chunks is None] for k in f]))`;
    const read = () => runPython(script, join(folder.path, "out.h5"));
    await net.forward({ x: [1, 2, 3, 4], y: [5] });
    expect(read()).toEqual([
      ["<f4", [1, 2, 1, 2], [1, 2, 3, 4], true],
      ["<f4", [1, 1, 1, 1], [5], true],
    ]);
    await net.forward({ x: [6, 7, 8, 9], y: [10] });
    expect(read()).toEqual([
      ["<f4", [2, 2, 1, 2], [1, 2, 3, 4, 6, 7, 8, 9], false],
      ["<f4", [2, 1, 1, 1], [5, 10], false],
    ]);
    net.dispose();
  });

  test("that are larger than what is written at once are whole", async () => {
    using folder = temporaryFolder();
    const net = await load(folder.path, netText("dim: 2 dim: 700001", "dim: 2"));
    for (let pass = 0; pass < 3; pass++) {
      const x = Float32Array.from({ length: 1_400_002 }, (_, i) => (i % 9973) + pass);
      await net.forward({ x, y: [pass, pass] });
    }
    const [data, label] = await contentOf(join(folder.path, "out.h5"));
    expect(label!.values).toEqual([0, 0, 1, 1, 2, 2]);
    expect(data!.shape).toEqual([6, 700_001, 1, 1]);
    const wrong = data!.values.findIndex(
      (value, i) => value !== ((i % 1_400_002) % 9973) + Math.floor(i / 1_400_002),
    );
    expect(wrong).toBe(-1);
    net.dispose();
  });

  test("run backward without touching the bottoms' gradients", async () => {
    using folder = temporaryFolder();
    const text = `force_backward: true ${netText("dim: 1 dim: 2", "dim: 1")}`;
    const net = await load(folder.path, text, { phase: "TRAIN" });
    await net.forward({ x: [1, 2], y: [3] });
    net.blobs.get("x")!.diff.fill(7);
    await net.backward();
    expect([...net.blobs.get("x")!.diff]).toEqual([7, 7]);
    net.dispose();
  });
});

describe("mistakes", () => {
  async function refusal(load: Promise<Net>): Promise<string> {
    const error = await load.then(
      (net) => net.dispose(),
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(NetDefinitionError);
    return (error as Error).message;
  }

  test("are refused with their place, and no file is written", async () => {
    using folder = temporaryFolder();
    const of = (...parts: Parameters<typeof netText>) =>
      refusal(load(folder.path, netText(...parts)));
    const one = "dim: 1";
    expect(await of(one, one, "")).toMatch(
      /^net\.prototxt:5:\d+: layer "o" \(HDF5Output\): needs the file to write/,
    );
    expect(await of("dim: 2", "dim: 3")).toContain(
      "data blob and label blob must have the same batch size: they have 2 and 3 rows",
    );
    expect(await of("dim: 1 dim: 1 dim: 1 dim: 1 dim: 1", one)).toContain(
      "Cannot use legacy accessors on Blobs with > 4 axes",
    );
    expect(await of(one, one, 'file_name: "no/out.h5"')).toMatch(
      /Failed to open HDF5 file no\/out\.h5: no such file or directory \(ENOENT\)/,
    );
    mkdirSync(join(folder.path, "taken"));
    expect(await of(one, one, 'file_name: "taken"')).toContain("taken: it is a folder");
    expect(readdirSync(folder.path)).toEqual(["taken"]);
  });

  test("two nets cannot write one file at a time", async () => {
    using folder = temporaryFolder();
    const text = netText("dim: 1", "dim: 1");
    const first = await load(folder.path, text);
    expect(await refusal(load(folder.path, text))).toContain(
      "Failed to open HDF5 file out.h5: another HDF5Output layer writes it.",
    );
    first.dispose();
    const second = await load(folder.path, text);
    second.dispose();
    expect(existsSync(join(folder.path, "out.h5"))).toBe(false);
  });

  test("rows of another shape cannot be added", async () => {
    using folder = temporaryFolder();
    const net = await load(folder.path, netText("dim: 1 dim: 2", "dim: 1"));
    await net.run();
    net.blobs.get("x")!.reshape(1, 3);
    await net.reshape();
    await expect(net.run()).rejects.toThrow(
      "out.h5 holds rows of 2 x 1 x 1 as data; this batch has rows of 3 x 1 x 1, which cannot be added",
    );
    net.dispose();
  });

  test("a file that is spoilt between two passes is named", async () => {
    using folder = temporaryFolder();
    const net = await load(folder.path, netText("dim: 1", "dim: 1"));
    await net.run();
    const whole = readFileSync(join(folder.path, "out.h5"));
    writeFileSync(join(folder.path, "out.h5"), "spoilt");
    await expect(net.run()).rejects.toThrow(ModelFileError);
    await expect(net.run()).rejects.toThrow("Failed to open HDF5 file out.h5");
    writeFileSync(join(folder.path, "out.h5"), whole);
    await net.run();
    writeFileSync(join(folder.path, "out.h5"), "spoilt");
    await expect(net.run()).rejects.toThrow(CaffeError);
    net.dispose();
  });
});
