/** @file Weights and states in HDF5: against Caffe's own files, the HDF5 tools, h5py, and damage. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  readFileSync,
  readdirSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ModelFileError } from "../../src/errors.ts";
import { transplant } from "../../src/job/surgery.ts";
import {
  loadHdf5,
  readCaffemodel,
  readSolverState,
  writeCaffemodel,
  writeSolverState,
} from "../../src/model-file/index.ts";
import { Net } from "../../src/net/net.ts";
import { type NetParameter, createMessage } from "../../src/schema/index.ts";
import { hasH5py, writeH5 } from "../support/h5-file.ts";
import { runPython } from "../support/python.ts";
import { hasBuild, startBuilt } from "../support/run-built.ts";
import { hasShared, sharedPath } from "../support/shared.ts";
import { netParam, recordedLogger, temporaryFolder } from "../support/solver.ts";

const hasTools = spawnSync("h5dump", ["--version"], { stdio: "ignore" }).status === 0;

/** What h5dump says of groups, types and shapes, without the file's name. */
function header(path: string): string {
  const { stdout, stderr } = spawnSync("h5dump", ["-H", path], { encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.split("\n").slice(1).join("\n");
}

const floats = (...values: number[]) => Float32Array.from(values);

/** A net in the form in which weights are read and written. */
function weights(
  layers: Readonly<Record<string, readonly (readonly number[])[]>>,
  params: Readonly<Record<string, readonly string[]>> = {},
): NetParameter {
  let value = 1;
  const layer = Object.entries(layers).map(([name, shapes]) =>
    createMessage("LayerParameter", {
      name,
      blobs: shapes.map((dim) => {
        const count = dim.reduce((product, size) => product * size, 1);
        return {
          shape: { dim: [...dim] },
          data: Float32Array.from({ length: count }, () => value++),
        };
      }),
      param: (params[name] ?? []).map((shared) => ({ name: shared })),
    }),
  );
  return createMessage("NetParameter", { layer });
}

/** Names, shapes and values of all blobs. */
const content = ({ layer }: NetParameter) =>
  layer.map(({ name, blobs }) => [
    name,
    blobs.map(({ shape, data }) => [shape?.dim, data && [...data]]),
  ]);

describe.skipIf(!hasShared)("real files (needs ../shared)", () => {
  const folder = sharedPath("data/models");
  interface Item {
    readonly shape: readonly number[];
    readonly sha256: string;
    readonly values?: readonly (number | string)[];
  }
  const contents = () =>
    JSON.parse(readFileSync(join(folder, "CONTENTS.json"), "utf8")) as Readonly<
      Record<string, { readonly items: Readonly<Record<string, Item | "group">> }>
    >;
  const sha256 = (values: Float32Array) =>
    createHash("sha256")
      .update(new Uint8Array(values.buffer, 0, values.byteLength))
      .digest("hex");
  const stem = "cifar10-quick-hdf5/cifar10_quick_iter_4000";

  test("the CIFAR-10 net's weights are what h5py reads", async () => {
    const { items } = contents()[`${stem}.caffemodel.h5`]!;
    const { layer } = await readCaffemodel(join(folder, `${stem}.caffemodel.h5`));
    const read = layer.flatMap(({ name, blobs }) =>
      blobs.map(({ shape, data }, i) => [`data/${name}/${i}`, shape!.dim, sha256(data!)]),
    );
    const arrays = Object.entries(items).filter(
      (entry): entry is [string, Item] => entry[1] !== "group",
    );
    expect(read).toEqual(arrays.map(([path, item]) => [path, item.shape, item.sha256]));
    expect(read).toHaveLength(10);
    const groups = Object.keys(items).filter((path) => path.split("/").length === 2);
    expect(layer.map(({ name }) => `data/${name}`)).toEqual(groups);
  });

  test("its solver's state too", async () => {
    const { items } = contents()[`${stem}.solverstate.h5`]!;
    const state = await readSolverState(join(folder, `${stem}.solverstate.h5`));
    const value = (name: string) => (items[name] as Item).values![0];
    expect(state.iter).toBe(value("iter"));
    expect(state.currentStep).toBe(value("current_step"));
    expect(state.learnedNet).toBe("examples/cifar10/cifar10_quick_iter_4000.caffemodel.h5");
    expect(state.history).toHaveLength(10);
    for (const [i, { shape, data }] of state.history.entries()) {
      const item = items[`history/${i}`] as Item;
      expect([shape!.dim, sha256(data!)]).toEqual([item.shape, item.sha256]);
    }
  });

  test("the net takes its weights and gives them back", async () => {
    using target = temporaryFolder();
    const path = join(folder, `${stem}.caffemodel.h5`);
    const options = { weights: path, phase: "TEST", threads: 1 } as const;
    const net = await Net.load(join(folder, "cifar10-quick-hdf5/cifar10_quick.prototxt"), options);
    const copy = join(target.path, "copy.caffemodel.h5");
    await net.save(copy);
    const blobs = (model: NetParameter) => content(model).filter(([, list]) => list!.length > 0);
    expect(blobs(await readCaffemodel(copy))).toEqual(blobs(await readCaffemodel(path)));
    net.dispose();
  });

  const golden = sharedPath("golden/solver/sgd_hdf5_shared");

  test.skipIf(!hasTools)(
    "a net of shared parameters is written as Caffe writes it (needs h5dump)",
    async () => {
      using target = temporaryFolder();
      const theirs = join(golden, "snap_iter_20.caffemodel.h5");
      const net = await Net.load(join(golden, "net.prototxt"), {
        phase: "TRAIN",
        weights: theirs,
        threads: 1,
      });
      expect(net.params.get("ip2")![0]!.data).toEqual(net.params.get("ip1")![0]!.data);
      const ours = join(target.path, "ours.caffemodel.h5");
      await net.save(ours);
      expect(header(ours)).toBe(header(theirs));
      expect(spawnSync("h5diff", [ours, theirs]).status).toBe(0);
      // The old form of the file, which HDF5 1.8 reads.
      expect(readFileSync(ours).subarray(0, 24)).toEqual(readFileSync(theirs).subarray(0, 24));
      net.dispose();
    },
  );

  test.skipIf(!hasTools)("a state is written as Caffe writes it (needs h5dump)", async () => {
    using target = temporaryFolder();
    for (const theirs of [
      join(golden, "snap_iter_10.solverstate.h5"),
      sharedPath("golden/cli/train_hdf5_snapshot/snap_iter_60.solverstate.h5"),
      join(folder, `${stem}.solverstate.h5`),
    ]) {
      const ours = join(target.path, "ours.solverstate.h5");
      await writeSolverState(ours, await readSolverState(theirs));
      expect(header(ours)).toBe(header(theirs));
      expect(spawnSync("h5diff", [ours, theirs]).status).toBe(0);
    }
  });
});

describe("weights", () => {
  test("come back as they were, with layers in the order of their names", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "x.caffemodel.h5");
    const net = weights({ b: [[2, 3], [2]], relu: [], a: [[], [1, 1, 1, 4], [0, 3]] });
    await writeCaffemodel(path, net);
    const [b, relu, a] = content(net);
    expect(content(await readCaffemodel(path))).toEqual([a, b, relu]);
    expect(readdirSync(folder.path)).toEqual(["x.caffemodel.h5"]);
  });

  test("of layers with a slash in their name become groups in groups", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "x.caffemodel.h5");
    const net = weights({ "a/b/c": [[1]], "a/b": [[2]], "a/d": [], e: [] });
    await writeCaffemodel(path, net);
    expect(content(await readCaffemodel(path)).sort()).toEqual(content(net).sort());
  });

  test("larger than what is written at once are whole", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "x.caffemodel.h5");
    const data = Float32Array.from({ length: 3 * 1_500_007 }, (_, i) => i % 9973);
    const blobs = [{ shape: { dim: [3, 1_500_007] }, data }];
    const layer = [createMessage("LayerParameter", { name: "fc", blobs })];
    await writeCaffemodel(path, createMessage("NetParameter", { layer }));
    const read = await readCaffemodel(path);
    expect(
      Buffer.from(read.layer[0]!.blobs[0]!.data!.buffer).equals(Buffer.from(data.buffer)),
    ).toBe(true);
  });

  test("leave shared parameters out, and gradients beside them in", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "x.caffemodel.h5");
    const net = weights({ one: [[2], [1]], two: [[2], [1]] }, { one: ["w"], two: ["w"] });
    for (const { blobs } of net.layer) for (const blob of blobs) blob.diff = blob.data!.slice();
    await writeCaffemodel(path, net);
    const read = await readCaffemodel(path);
    expect(content(read)).toEqual([
      [
        "one",
        [
          [[2], [1, 2]],
          [[1], [3]],
        ],
      ],
      [
        "two",
        [
          [undefined, undefined],
          [[1], [6]],
        ],
      ],
    ]);
    if (hasTools) {
      const { stdout } = spawnSync("h5dump", ["-n", path], { encoding: "utf8" });
      expect([...stdout.matchAll(/dataset +(\S+)/g)].map((match) => match[1])).toEqual([
        "/data/one/0",
        "/data/one/1",
        "/data/two/1",
        "/diff/one/0",
        "/diff/one/1",
        "/diff/two/0",
        "/diff/two/1",
      ]);
    }
    await expect(writeCaffemodel(join(folder.path, "x.caffemodel"), read)).rejects.toThrow(
      'layer "two" lacks a blob, which its HDF5 file holds in the layer that shares it',
    );
    expect(readdirSync(folder.path)).toEqual(["x.caffemodel.h5"]);
  });

  test.skipIf(!hasH5py)(
    "are what h5py reads, and what it writes is read (needs h5py)",
    async () => {
      using folder = temporaryFolder();
      const path = join(folder.path, "x.caffemodel.h5");
      const net = weights({ ip: [[2, 3], [2]] });
      await writeCaffemodel(path, net);
      const script = `
import sys, json, h5py
f = h5py.File(json.load(sys.stdin), "r")
print(json.dumps([[v.dtype.str, v.shape, v[...].tolist()] for v in f["data/ip"].values()]))`;
      expect(runPython(script, path)).toEqual([
        [
          "<f4",
          [2, 3],
          [
            [1, 2, 3],
            [4, 5, 6],
          ],
        ],
        ["<f4", [2], [7, 8]],
      ]);
      const theirs = join(folder.path, "theirs.h5");
      writeH5(
        join(folder.path, "unused.h5"),
        `f = h5py.File(${JSON.stringify(theirs)}, "w", libver="latest", userblock_size=1024)
f.create_dataset("data/ip/0", data=np.arange(1, 7, dtype=">f8").reshape(2, 3), chunks=(1, 2), compression="gzip")
f["elsewhere"] = np.array([7, 8], "i8")
f["data/ip/1"] = h5py.SoftLink("/elsewhere")`,
      );
      expect(content(await readCaffemodel(theirs))).toEqual(content(net));
    },
  );

  test.skipIf(!hasH5py)(
    "are read behind more than 4 GiB of something else (needs h5py)",
    async () => {
      using folder = temporaryFolder();
      const path = join(folder.path, "x.caffemodel.h5");
      writeH5(
        path,
        `p = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
p.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY); p.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
h5py.h5d.create(f.id, b"hole", h5py.h5t.NATIVE_FLOAT, h5py.h5s.create_simple((1200000000,)), p)
f["data/ip/0"] = np.arange(5, dtype="f4")`,
      );
      expect(content(await readCaffemodel(path))).toEqual([["ip", [[[5], [0, 1, 2, 3, 4]]]]]);
    },
  );
});

describe("copying weights into a net", () => {
  const net = (more = "") =>
    netParam(`
      layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 4 } } }
      layer { name: "ip1" type: "InnerProduct" bottom: "x" top: "a" ${more}
        inner_product_param { num_output: 4 } }
      layer { name: "ip2" type: "InnerProduct" bottom: "a" top: "b" ${more}
        inner_product_param { num_output: 4 } }`);
  const shared = 'param { name: "w" } param { name: "b" }';

  async function load(source: NetParameter, definition: NetParameter) {
    using folder = temporaryFolder();
    const path = join(folder.path, "x.caffemodel.h5");
    await writeCaffemodel(path, source);
    const logger = recordedLogger();
    const target = await Net.load(definition, { weights: path, threads: 1, logger });
    return { target, logger };
  }

  test("goes by name; what the net shares may be missing", async () => {
    const { target, logger } = await load(
      weights({ ip1: [[4, 4], [4]], ip2: [], gone: [[1]], x: [] }),
      net(shared),
    );
    expect(target.params.get("ip2")![0]!.data[15]).toBe(16);
    expect(target.params.get("ip2")![1]!.data).toEqual(floats(17, 18, 19, 20));
    expect(logger.lines).toContain("Ignoring source layer gone");
    target.dispose();
  });

  test.each<[string, NetParameter, string]>([
    [
      "another shape",
      weights({ ip1: [[3, 4], [4]] }),
      "Cannot load blob from hdf5; shape mismatch. Source shape is 3 4 (12) target shape is 4 4 (16): blob 0 of layer 'ip1'",
    ],
    [
      "the same number of values in another shape",
      weights({ ip1: [[1, 1, 4, 4], [4]] }),
      "Source shape is 1 1 4 4 (16) target shape is 4 4 (16)",
    ],
    [
      "too few blobs",
      weights({ ip1: [[4, 4]] }),
      "Incompatible number of blobs for layer ip1: the file has 1, the net 2",
    ],
    [
      "too many blobs",
      weights({ ip1: [[4, 4], [4], [4]] }),
      "Incompatible number of blobs for layer ip1: the file has 3, the net 2",
    ],
    [
      "none",
      weights({ ip1: [] }),
      "Incompatible number of blobs for layer ip1: the file has 0, the net 2",
    ],
  ])("refuses %s in Caffe's words", async (_, source, message) => {
    await expect(load(source, net())).rejects.toThrow(ModelFileError);
    await expect(load(source, net())).rejects.toThrow(message);
  });

  test("surgery drops what the file leaves out", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "x.caffemodel.h5");
    const spec = { ip1: ["w", "b"], ip2: ["w", "b2"] };
    await writeCaffemodel(path, weights({ ip1: [[4, 4], [4]], ip2: [[4, 4], [4]] }, spec));
    const target = await Net.load(net(), { threads: 1 });
    const steps = transplant(await readCaffemodel(path), target);
    expect(steps.map(({ action }) => action)).toEqual(["copied", "copied", "dropped", "copied"]);
    target.dispose();
  });
});

describe("what HDF5 cannot hold is refused, and the old file stays", () => {
  const empty = createMessage("LayerParameter", {});
  const cases: [string, NetParameter, RegExp][] = [
    ["no name", createMessage("NetParameter", { layer: [empty] }), /a layer called ""; rename it/],
    ["a name that is a path", weights({ "a//b": [] }), /a layer called "a\/\/b"; rename it/],
    ["the name of the group itself", weights({ ".": [] }), /a layer called "\."; rename it/],
    [
      "a name twice",
      createMessage("NetParameter", {
        layer: [...weights({ a: [[1]] }).layer, ...weights({ a: [[1]] }).layer],
      }),
      /two layers are called "a"; HDF5 has room for one/,
    ],
    [
      "a blob where a group is",
      weights({ a: [[1]], "a/0": [[1]] }),
      /x\.caffemodel\.h5: cannot be written: /,
    ],
  ];

  test.each(cases)("%s", async (_, net, message) => {
    using folder = temporaryFolder();
    const path = join(folder.path, "x.caffemodel.h5");
    writeFileSync(path, "old");
    const written = writeCaffemodel(path, net);
    await expect(written).rejects.toThrow(ModelFileError);
    await expect(written).rejects.toThrow(message);
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder.path)).toEqual(["x.caffemodel.h5"]);
  });

  test("a name that two layers without blobs have is no mistake", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "x.caffemodel.h5");
    const twice = [...weights({ a: [] }).layer, ...weights({ a: [] }).layer];
    await writeCaffemodel(path, createMessage("NetParameter", { layer: twice }));
    expect(content(await readCaffemodel(path))).toEqual([["a", []]]);
  });

  test("a folder that is not there", async () => {
    const path = join("no", "such", "x.caffemodel.h5");
    await expect(writeCaffemodel(path, weights({}))).rejects.toThrow(
      `${path}: cannot be written: no such file or directory (ENOENT)`,
    );
  });

  test.skipIf(!hasBuild)("a full disk (needs the build)", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "x.caffemodel.h5");
    writeFileSync(path, "old");
    const body = `
      const blobs = [{ shape: { dim: [3000000] }, data: new Float32Array(3000000).fill(1) }];
      const layer = [{ name: "a", blobs, param: [] }];
      try {
        await writeCaffemodel(${JSON.stringify(path)}, { layer });
      } catch (error) {
        console.log(error.name + ": " + error.message);
      }`;
    const imports = { "model-file/index.js": "writeCaffemodel" };
    const { output, code } = await startBuilt(imports, body, { fileBytes: 2 ** 22 }).ended;
    expect(output).toMatch(
      /^ModelFileError: .*x\.caffemodel\.h5: cannot be written: file too large\n$/,
    );
    expect(code).toBe(0);
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder.path)).toEqual(["x.caffemodel.h5"]);
  });
});

describe("files that are something else", () => {
  async function refusal(read: Promise<unknown>): Promise<string> {
    const error: unknown = await read.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ModelFileError);
    expect((error as Error).message).not.toContain("\n");
    return (error as Error).message;
  }

  test("are missing, or of the other kind", async () => {
    using folder = temporaryFolder();
    const model = join(folder.path, "x.caffemodel.h5");
    const state = join(folder.path, "x.solverstate.h5");
    expect(await refusal(readCaffemodel(model))).toBe(
      `Couldn't open ${model}: there is no such file`,
    );
    expect(await refusal(readSolverState(state))).toBe(
      `Couldn't open solver state file ${state}: there is no such file`,
    );
    await writeCaffemodel(model, weights({ a: [[1]] }));
    await writeSolverState(state, createMessage("SolverState", { iter: 3, learnedNet: "m" }));
    expect(await refusal(readSolverState(model))).toBe(
      `Error reading history from ${model}: it has no group "history", but data`,
    );
    expect(await refusal(readCaffemodel(state))).toBe(
      `Error reading weights from ${state}: it has no group "data", but current_step, history, iter, learned_net`,
    );
  });

  test.skipIf(!hasH5py)("have other things in their groups (needs h5py)", async () => {
    using folder = temporaryFolder();
    const files: [string, RegExp][] = [
      ['f.create_group("data")', /there are no layers in it/],
      ['f["data"] = np.zeros(3)', /it has no group "data", but data/],
      ['f["data/a"] = np.zeros(3)', /\/data\/a is no blob of a layer/],
      [
        'f["data/a/w"] = np.zeros(3)',
        /\/data\/a\/w is no blob of a layer: these are called 0 to 999/,
      ],
      ['f["data/a/00"] = np.zeros(3)', /\/data\/a\/00 is no blob/],
      ['f["data/a/0"] = "text"', /Unsupported datatype class: H5T_STRING: .*dataset \/data\/a\/0/],
      ['f["data/a/0"] = h5py.SoftLink("/nowhere")', /\/data\/a\/0 is no blob of a layer/],
      ['f["data/a/0"] = h5py.SoftLink("/data/a/0")', /cannot be read: too many links/],
      ['g = f.create_group("data/a"); g["back"] = f["data"]', /never end: a link leads back/],
      ['f["data/a"] = h5py.SoftLink("/")', /never end: a link leads back/],
      [
        'f["data/a"] = h5py.ExternalLink("/etc/passwd", "x")',
        /\/etc\/passwd, and such references are not followed/,
      ],
      ['f.create_dataset("data/a/0", (2**30, 2), chunks=(1, 2))', /blob size exceeds INT_MAX/],
      [
        'f.create_dataset("data/a/0", (2**14, 2**14), chunks=(1, 2))',
        /more than a file of \d+ bytes can hold/,
      ],
      [
        'f.create_dataset("data/a/0", data=np.zeros(9), compression="lzf")',
        /filter.*store it compressed with gzip/,
      ],
    ];
    const paths = files.map((_, i) => join(folder.path, `${i}.h5`));
    const lines = files.map(
      ([line], i) => `f = h5py.File(${JSON.stringify(paths[i])}, "w"); ${line}; f.close()`,
    );
    writeH5(join(folder.path, "all.h5"), lines.join("\n"));
    for (const [i, [, message]] of files.entries()) {
      expect(await refusal(readCaffemodel(paths[i]!))).toMatch(message);
    }
  });

  test.skipIf(!hasH5py)("have a state of other types (needs h5py)", async () => {
    using folder = temporaryFolder();
    const rest = 'f["current_step"] = np.int32([0]); f.create_group("history")';
    const files: [string, RegExp][] = [
      [rest, /Failed to load int dataset with name iter/],
      [`f["iter"] = np.zeros(2, "i4"); ${rest}`, /dataset iter has 2 values; one is needed/],
      [`f["iter"] = "five"; ${rest}`, /Unsupported datatype class: H5T_STRING/],
      [`f["iter"] = np.int32([1]); f["learned_net"] = 4; ${rest}`, /learned_net is not one string/],
      [
        `f["iter"] = np.int32([1]); f["learned_net"] = "variable"; ${rest}`,
        /learned_net is not one string/,
      ],
      [`f["iter"] = np.int32([1]); ${rest}; f["history/1"] = 1.0`, /Failed to find HDF5 dataset 0/],
    ];
    const paths = files.map((_, i) => join(folder.path, `${i}.h5`));
    const lines = files.map(
      ([line], i) => `f = h5py.File(${JSON.stringify(paths[i])}, "w"); ${line}; f.close()`,
    );
    writeH5(join(folder.path, "all.h5"), lines.join("\n"));
    for (const [i, [, message]] of files.entries()) {
      expect(await refusal(readSolverState(paths[i]!))).toMatch(message);
    }
  });
});

describe.skipIf(!hasH5py)("compressed chunks (needs h5py)", () => {
  test("that unpack to far more than they should are refused before they take the memory", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "x.caffemodel.h5");
    writeH5(
      path,
      `import zlib
d = f.create_dataset("data/a/0", (1024,), "f4", chunks=(256,), compression="gzip")
z = zlib.compressobj(1)
d.id.write_direct_chunk((0,), b"".join(z.compress(bytes(1 << 24)) for _ in range(40)) + z.flush())`,
    );
    const library = await loadHdf5();
    await expect(readCaffemodel(path)).rejects.toThrow(/cannot be read: .*; the file is damaged/);
    // It would be another one if its memory had grown to more than 256 MiB.
    expect(await loadHdf5()).toBe(library);
  });

  test("that are large themselves are read", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "x.caffemodel.h5");
    writeH5(
      path,
      `v = np.arange(12_000_000, dtype="f4").reshape(12, 1000, 1000)
f.create_dataset("data/a/0", data=v, chunks=v.shape, compression="gzip", compression_opts=1, shuffle=True)`,
    );
    const { data } = (await readCaffemodel(path)).layer[0]!.blobs[0]!;
    expect(data!.findIndex((value, i) => value !== i)).toBe(-1);
    expect(data).toHaveLength(12_000_000);
  });
});

describe("damage", () => {
  async function attempt(read: Promise<unknown>): Promise<"read" | "refused"> {
    const error: unknown = await read.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error === undefined) return "read";
    expect(error).toBeInstanceOf(ModelFileError);
    expect((error as Error).message).not.toContain("\n");
    return "refused";
  }

  /** A file of each kind. */
  async function samples(folder: string) {
    const model = join(folder, "x.caffemodel.h5");
    await writeCaffemodel(model, weights({ conv1: [[2, 3], [2]], relu: [], "a/b": [[4]] }));
    const state = join(folder, "x.solverstate.h5");
    const history = [{ shape: { dim: [2, 2] }, data: floats(1, 2, 3, 4) }];
    await writeSolverState(state, {
      iter: 7,
      learnedNet: "x.caffemodel.h5",
      currentStep: 1,
      history,
    });
    return [
      { path: model, read: () => readCaffemodel(model) },
      { path: state, read: () => readSolverState(state) },
    ];
  }

  test("a file that is cut anywhere is refused", async () => {
    using folder = temporaryFolder();
    for (const { path, read } of await samples(folder.path)) {
      expect(await attempt(read())).toBe("read");
      const { length } = readFileSync(path);
      for (let end = length - 1; end >= 0; end -= end > 300 ? 29 : 1) {
        truncateSync(path, end);
        expect(await attempt(read()), `cut at ${end} of ${length}`).toBe("refused");
      }
    }
  });

  test("flipped bytes are refused or read as other values", async () => {
    using folder = temporaryFolder();
    for (const { path, read } of await samples(folder.path)) {
      const whole = readFileSync(path);
      const results = { read: 0, refused: 0 };
      for (let i = 0; i < 1000; i++) {
        const bytes = Buffer.from(whole);
        for (let flip = 0; flip <= i % 3; flip++) {
          const at = ((i + 1) * 7919 * (flip + 1)) % bytes.length;
          bytes[at] = i % 2 === 0 ? bytes[at]! ^ (1 << (i % 8)) : 255 - bytes[at]!;
        }
        writeFileSync(path, bytes);
        results[await attempt(read())]++;
      }
      expect(results.read).toBeGreaterThan(50);
      expect(results.refused).toBeGreaterThan(50);
    }
  });

  test.skipIf(!existsSync("/proc/self/fd"))("leaves no file open (needs /proc)", async () => {
    using folder = temporaryFolder();
    const openFiles = () => readdirSync("/proc/self/fd").length;
    const [{ path, read }] = (await samples(folder.path)) as [
      { path: string; read(): Promise<unknown> },
    ];
    const copy = join(folder.path, "copy");
    copyFileSync(path, copy);
    const before = openFiles();
    for (let end = readFileSync(copy).length; end > 0; end -= 500) {
      truncateSync(path, end);
      await attempt(read());
    }
    await attempt(writeCaffemodel(path, weights({ "": [] })));
    await attempt(writeCaffemodel(path, weights({ a: [[1]], "a/0": [[1]] })));
    expect(openFiles()).toBe(before);
  });
});
