import { cpSync, readFileSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { DataSourceError, NetDefinitionError } from "../../src/errors.ts";
import { Net } from "../../src/net/net.ts";
import { parsePrototxt } from "../../src/schema/index.ts";
import { expectClose } from "../support/allclose.ts";
import { floatsOf } from "../support/floats.ts";
import { hasH5py, writeH5 } from "../support/h5-file.ts";
import { hasShared, sharedPath } from "../support/shared.ts";
import { recordedLogger, temporaryFolder } from "../support/solver.ts";

interface Manifest {
  readonly setup_shapes: Readonly<Record<string, readonly number[]>>;
  readonly steps: readonly {
    readonly blobs: readonly { blob: string; shape: readonly number[]; file: string }[];
  }[];
}

const netText = (field: string, tops = 'top: "data" top: "label"', more = "") => `
  name: "N"
  layer { name: "d" type: "HDF5Data" ${tops} hdf5_data_param { ${field} } ${more} }`;

const list = 'source: "list.txt"';

function load(root: string, text: string, options: Parameters<typeof Net.load>[1] = {}) {
  const net = parsePrototxt(text, { message: "NetParameter", fileName: "net.prototxt" });
  return Net.load(net, { root, threads: 1, ...options });
}

const values = (net: Net, blob: string) => [...net.blobs.get(blob)!.data];

/** Files f0.h5, f1.h5, ..., each with what its lines write, and a list of them. */
function writeFiles(folder: string, files: readonly string[]): void {
  const names = files.map((_, i) => `f${i}.h5`);
  const parts = files.map(
    (lines, i) => `f = h5py.File(${inside(folder, `f${i}.h5`)}, "w"); ${lines}`,
  );
  writeH5(join(folder, "all.h5"), parts.join("\n"));
  writeFileSync(join(folder, "list.txt"), names.join("\n"));
}

/** A path as Python and JSON write it. */
const inside = (folder: string, name: string) => JSON.stringify(join(folder, name));

/** So many rows a file; data is [10 i, 10 i + 1] and label i for row i of all. */
function writeRows(folder: string, rows: readonly number[]): void {
  const ends = rows.map((_, i) => rows.slice(0, i + 1).reduce((sum, n) => sum + n, 0));
  const lines = rows.map(
    (number, i) =>
      `r = np.arange(${ends[i]! - number}, ${ends[i]}); f["label"] = r; f["data"] = np.stack([10.0 * r, 10 * r + 1], 1)`,
  );
  writeFiles(folder, lines);
}

/** The labels of so many batches. */
async function labels(net: Net, batches: number): Promise<number[][]> {
  const all = [];
  for (let pass = 0; pass < batches; pass++) {
    await net.run();
    const batch = values(net, "label");
    expect(values(net, "data")).toEqual(batch.flatMap((n) => [10 * n, 10 * n + 1]));
    all.push(batch);
  }
  return all;
}

describe.skipIf(!hasShared)("Caffe's own run (needs ../shared)", () => {
  test("gives the same batches", async () => {
    const folder = sharedPath("golden/data/hdf5_data");
    const manifest = JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8")) as Manifest;
    const net = await Net.load(`${folder}/net.prototxt`, { phase: "TEST", root: folder });
    for (const [blob, shape] of Object.entries(manifest.setup_shapes)) {
      expect(net.blobs.get(blob)?.shape).toEqual(shape);
    }
    for (const { blobs } of manifest.steps) {
      await net.run();
      for (const { blob, shape, file } of blobs) {
        expect(net.blobs.get(blob)?.shape).toEqual(shape);
        expectClose(net.blobs.get(blob)!.data, floatsOf(`${folder}/${file}`), { rtol: 0, atol: 0 });
      }
    }
    net.dispose();
  });
});

describe.skipIf(!hasH5py)("batches (needs h5py)", () => {
  test("go on from file to file, and start again", async () => {
    using folder = temporaryFolder();
    writeRows(folder.path, [3, 1, 2]);
    const logger = recordedLogger();
    const net = await load(folder.path, netText(`${list} batch_size: 4`), { logger });
    expect(net.blobs.get("data")!.shape).toEqual([4, 2]);
    expect(net.blobs.get("label")!.shape).toEqual([4]);
    expect(await labels(net, 3)).toEqual([
      [0, 1, 2, 3],
      [4, 5, 0, 1],
      [2, 3, 4, 5],
    ]);
    expect(logger.lines).toContain("Loading list of HDF5 filenames from: list.txt");
    expect(logger.lines).toContain("Number of HDF5 files: 3");
    for (const name of ["H5T_FLOAT", "H5T_INTEGER"]) {
      expect(logger.lines.filter((line) => line === `Datatype class: ${name}`)).toHaveLength(1);
    }
    net.dispose();
  });

  test("may be larger than a file", async () => {
    using folder = temporaryFolder();
    writeRows(folder.path, [3]);
    const net = await load(folder.path, netText(`${list} batch_size: 7`));
    expect(await labels(net, 2)).toEqual([
      [0, 1, 2, 0, 1, 2, 0],
      [1, 2, 0, 1, 2, 0, 1],
    ]);
    net.dispose();
  });

  test("take tops with any number of axes from compressed chunks of any numbers", async () => {
    using folder = temporaryFolder();
    writeH5(
      join(folder.path, "f0.h5"),
      `a = np.arange(5 * 700 * 3).reshape(5, 700, 3)
f.create_dataset("packed", data=a.astype(">i2"), chunks=(2, 33, 3), compression="gzip", shuffle=True, fletcher32=True)
f.create_dataset("deep", data=np.arange(5 * 16).reshape((5, 1, 2, 1, 2, 1, 2, 1, 2)) / 2)
f["flag"] = np.arange(5, dtype="u1")
f["group/inner"] = np.arange(5)
f["linked"] = h5py.SoftLink("/flag")`,
    );
    writeFileSync(join(folder.path, "list.txt"), " \n f0.h5\t\r\n");
    const tops = ["packed", "deep", "flag", "group/inner", "linked"];
    const text = tops.map((top) => `top: "${top}"`).join(" ");
    const net = await load(folder.path, netText(`${list} batch_size: 5`, text));
    await net.run();
    expect(tops.map((top) => net.blobs.get(top)!.shape)).toEqual([
      [5, 700, 3],
      [5, 1, 2, 1, 2, 1, 2, 1, 2],
      [5],
      [5],
      [5],
    ]);
    expect(values(net, "packed")).toEqual(Array.from({ length: 10_500 }, (_, i) => i));
    expect(values(net, "deep")).toEqual(Array.from({ length: 80 }, (_, i) => i / 2));
    for (const top of tops.slice(2)) expect(values(net, top)).toEqual([0, 1, 2, 3, 4]);
    net.dispose();
  });
});

describe.skipIf(!hasH5py)("shuffling (needs h5py)", () => {
  const text = netText(`${list} batch_size: 10 shuffle: true`);

  test("draws the orders that std::random_shuffle draws in an unseeded program on Linux", async () => {
    using folder = temporaryFolder();
    writeRows(folder.path, [10]);
    const net = await load(folder.path, text, { seed: 3 });
    // One file: its order is drawn once more after each round. A shuffle of one file draws nothing.
    expect(await labels(net, 1)).toEqual([[4, 3, 7, 8, 0, 5, 2, 1, 6, 9]]);
    const again = await load(folder.path, text, { seed: 4 });
    expect(await labels(again, 1)).toEqual([[4, 3, 7, 8, 0, 5, 2, 1, 6, 9]]);
    net.dispose();
    again.dispose();
  });

  test("brings each row of all files once a round, files in one piece", async () => {
    using folder = temporaryFolder();
    writeRows(folder.path, [4, 3, 3]);
    const net = await load(folder.path, text);
    const rounds = await labels(net, 6);
    for (const round of rounds) {
      expect([...round].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      const files = round.map((row) => (row < 4 ? 0 : row < 7 ? 1 : 2));
      expect(files.filter((file, i) => file !== files[i - 1])).toHaveLength(3);
    }
    expect(new Set(rounds.map(String)).size).toBe(6);
    net.dispose();
  });
});

describe.skipIf(!hasH5py)("a saved position (needs h5py)", () => {
  test.each(["", "shuffle: true"])("goes on with the next row (%s)", async (shuffle) => {
    using folder = temporaryFolder();
    writeRows(folder.path, [4, 3, 5]);
    const text = netText(`${list} batch_size: 3 ${shuffle}`);
    const straight = await load(folder.path, text);
    for (let passes = 0; passes < 9; passes++) {
      const saved = JSON.parse(JSON.stringify(straight.saveState())) as Record<string, unknown>;
      const resumed = await load(folder.path, text);
      await resumed.run();
      await resumed.restoreState(saved);
      const expected = await labels(straight, 4);
      expect(await labels(resumed, 4)).toEqual(expected);
      await straight.restoreState(saved);
      await straight.run();
      resumed.dispose();
    }
    straight.dispose();
  });

  test("of other files is refused, and reading starts at the beginning", async () => {
    using folder = temporaryFolder();
    writeRows(folder.path, [4, 3]);
    const net = await load(folder.path, netText(`${list} batch_size: 3`));
    const wrong = [
      {},
      { file: 2, row: 0 },
      { file: 0, row: 4 },
      { file: -1, row: 0 },
      { file: 0, row: 0, order: {} },
    ];
    for (const d of wrong) {
      await expect(net.restoreState({ d })).rejects.toThrow(DataSourceError);
      expect(await labels(net, 1)).toEqual([[0, 1, 2]]);
      await net.restoreState({ d: { file: 0, row: 0 } });
    }
    net.dispose();
  });
});

describe("mistakes", () => {
  async function refusal(folder: string, text: string): Promise<string> {
    const error = await load(folder, text).then(
      (net) => net.dispose(),
      (thrown: unknown) => thrown,
    );
    expect(error).toSatisfy(
      (thrown) => thrown instanceof DataSourceError || thrown instanceof NetDefinitionError,
    );
    expect((error as Error).message).not.toContain("\n");
    return (error as Error).message;
  }

  /** Loads a net for each file of such lines, which has to end with such a message. */
  async function refused(folder: string, files: readonly (readonly [string, RegExp])[]) {
    writeFiles(
      folder,
      files.map(([lines]) => lines),
    );
    for (const [i, [, message]] of files.entries()) {
      writeFileSync(join(folder, "list.txt"), `f${i}.h5`);
      expect(await refusal(folder, netText(`${list} batch_size: 1`))).toMatch(message);
    }
  }

  test("in the prototxt are named with their place", async () => {
    using folder = temporaryFolder();
    const more = "transform_param { scale: 2 }";
    const transform = await refusal(folder.path, netText(`${list} batch_size: 1`, undefined, more));
    expect(transform).toMatch(/^net\.prototxt:3:\d+: layer "d" \(HDF5Data\): HDF5Data does not/);
    expect(await refusal(folder.path, netText(list))).toContain("batch_size must be positive");
    expect(await refusal(folder.path, netText("batch_size: 1"))).toContain("needs a source");
  });

  test("in the list", async () => {
    using folder = temporaryFolder();
    const text = netText(`${list} batch_size: 1`);
    expect(await refusal(folder.path, text)).toMatch(
      /^net\.prototxt:3:\d+: .*: Failed to open source file: list\.txt: no such file/,
    );
    writeFileSync(join(folder.path, "list.txt"), " \n");
    expect(await refusal(folder.path, text)).toContain(
      "Must have at least 1 HDF5 filename listed in list.txt",
    );
    writeFileSync(join(folder.path, "list.txt"), "nope.h5\n");
    expect(await refusal(folder.path, text)).toContain(
      "Failed opening HDF5 file: nope.h5: there is no such file",
    );
    writeFileSync(join(folder.path, "list.txt"), "list.txt\n");
    expect(await refusal(folder.path, text)).toContain(
      "Failed opening HDF5 file: list.txt: it is not an HDF5 file",
    );
    writeFileSync(join(folder.path, "list.txt"), ".\n");
    expect(await refusal(folder.path, text)).toContain(
      "Failed opening HDF5 file: .: it is no file",
    );
    writeFileSync(join(folder.path, "list.txt"), Buffer.from("\x89HDF\r\n\x1a\n\0\0", "latin1"));
    expect(await refusal(folder.path, text)).toContain("list.txt is an HDF5 file itself");
  });

  test.skipIf(!hasH5py)("in the datasets (needs h5py)", async () => {
    using folder = temporaryFolder();
    const two = 'f["data"] = np.zeros((2, 3)); f["label"] =';
    await refused(folder.path, [
      [
        'f["data"] = np.zeros(3); f["labels"] = np.zeros(3)',
        /: Failed to find HDF5 dataset label: f0\.h5 has data, labels;/,
      ],
      ['f["data"] = np.zeros(3); f.create_group("label")', /Failed to find HDF5 dataset label/],
      [`${two} np.zeros(3)`, /f2\.h5: dataset label has 3 rows, data has 2/],
      [`${two} 7.0`, /Input must have at least 1 axis: f3\.h5: dataset label/],
      [`${two} ["a", "b"]`, /Unsupported datatype class: H5T_STRING: f4\.h5: dataset label/],
      [`${two} np.array([True, False])`, /Unsupported datatype class: H5T_ENUM/],
      [`${two} np.zeros(2, "c8")`, /Unsupported datatype class: H5T_COMPOUND/],
      [`${two} np.zeros(2, np.longdouble)`, /floats of 16 bytes/],
      [`${two} h5py.Empty("f")`, /is empty: it has no shape/],
      ['f["data"] = np.zeros((0, 2)); f["label"] = np.zeros(0)', /dataset data has no rows/],
    ]);
  });

  test.skipIf(!hasH5py)("in a later file, when it is its turn (needs h5py)", async () => {
    using folder = temporaryFolder();
    const lines = (width: number) =>
      `f["data"] = np.zeros((2, ${width})); f["label"] = np.zeros(2)`;
    writeFiles(folder.path, [lines(2), lines(3)]);
    const net = await load(folder.path, netText(`${list} batch_size: 2`));
    await expect(net.run()).rejects.toThrow(
      /:\d+:\d+: layer "\w+" \(HDF5Data\): f1\.h5: dataset data has rows of 3, the files before had rows of 2/,
    );
    net.dispose();
  });

  test.skipIf(!hasH5py)(
    "sizes that no file can hold are refused before memory is taken (needs h5py)",
    async () => {
      using folder = temporaryFolder();
      const of = (shape: string) =>
        `f.create_dataset("data", ${shape}, dtype="f4"); f["label"] = np.zeros(2)`;
      await refused(folder.path, [
        [of("(2, 2**40), chunks=(1, 1024)"), /blob size exceeds INT_MAX/],
        [of("(2, 2**29), chunks=(1, 1024)"), /more than a file of \d+ bytes can hold/],
        [of("(2, 4), chunks=(2, 2**27), maxshape=(2, None)"), /has chunks of 2 x 134217728/],
      ]);
    },
  );

  test.skipIf(!hasH5py)("references to other files are not followed (needs h5py)", async () => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, "secret"), Buffer.alloc(64, 1));
    writeH5(join(folder.path, "other.h5"), 'f["label"] = np.ones(4)');
    const secret = inside(folder.path, "secret");
    const other = inside(folder.path, "other.h5");
    const data = 'f["data"] = np.zeros((4, 1));';
    const virtual = `l = h5py.VirtualLayout((4,), "f4"); l[:] = h5py.VirtualSource(${other}, "label", (4,))`;
    const never = /refers to another file, .*, and such references are not followed/;
    await refused(folder.path, [
      [`${data} f.create_dataset("label", (4,), "f4", external=[(${secret}, 0, 64)])`, never],
      [`${data} f["label"] = h5py.ExternalLink(${other}, "label")`, never],
      [`${data} ${virtual}; f.create_virtual_dataset("label", l)`, never],
    ]);
  });
});

describe.skipIf(!hasShared)("damage (needs ../shared)", () => {
  function damaged(folder: string, change: (bytes: Buffer) => Buffer) {
    const source = sharedPath("golden/data/hdf5_data");
    writeFileSync(join(folder, "list.txt"), "f.h5");
    writeFileSync(join(folder, "f.h5"), change(readFileSync(join(source, "f0.h5"))));
  }

  /** Loads and runs; whatever goes wrong has to be one line. */
  async function attempt(folder: string): Promise<"read" | "refused"> {
    const tops = ["data", "label", "label2", "dbl"].map((top) => `top: "${top}"`).join(" ");
    try {
      const net = await load(folder, netText(`${list} batch_size: 2`, tops));
      await net.run();
      net.dispose();
      return "read";
    } catch (error) {
      expect(error).toBeInstanceOf(DataSourceError);
      expect((error as Error).message).not.toContain("\n");
      return "refused";
    }
  }

  test("a file that is cut anywhere is refused", async () => {
    using folder = temporaryFolder();
    damaged(folder.path, (bytes) => bytes);
    expect(await attempt(folder.path)).toBe("read");
    const { length } = readFileSync(join(folder.path, "f.h5"));
    for (let end = length - 1; end >= 0; end -= end > 200 ? 23 : 1) {
      truncateSync(join(folder.path, "f.h5"), end);
      expect(await attempt(folder.path), `cut at ${end}`).toBe("refused");
    }
  });

  test("a flipped byte is refused or changes a value", async () => {
    using folder = temporaryFolder();
    const results = { read: 0, refused: 0 };
    for (let i = 0; i < 600; i++) {
      damaged(folder.path, (bytes) => {
        const at = (i * 7919) % bytes.length;
        bytes[at]! ^= i % 3 === 0 ? 0xff : 1 << (i % 8);
        return bytes;
      });
      results[await attempt(folder.path)]++;
    }
    expect(results.read).toBeGreaterThan(50);
    expect(results.refused).toBeGreaterThan(50);
  });

  test("leaves no file open", async () => {
    using folder = temporaryFolder();
    const openFiles = () => readdirSync("/proc/self/fd").length;
    cpSync(sharedPath("golden/data/hdf5_data/f0.h5"), join(folder.path, "f.h5"));
    writeFileSync(join(folder.path, "list.txt"), "f.h5");
    await attempt(folder.path);
    const before = openFiles();
    for (let i = 0; i < 10; i++) await attempt(folder.path);
    truncateSync(join(folder.path, "f.h5"), 1000);
    for (let i = 0; i < 10; i++) await attempt(folder.path);
    expect(openFiles()).toBe(before);
  });
});
