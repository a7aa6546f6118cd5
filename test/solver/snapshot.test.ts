import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ModelFileError } from "../../src/errors.ts";
import { readSolverState } from "../../src/model-file/index.ts";
import { Solver, type SolverOptions } from "../../src/solver/index.ts";
import { snapshotPrefix } from "../../src/solver/snapshot-prefix.ts";
import {
  feed,
  netParam,
  recordedLogger,
  regressionNet,
  solverParam,
  temporaryFolder,
} from "../support/solver.ts";

const sgd = 'base_lr: 0.05 lr_policy: "fixed" momentum: 0.9 random_seed: 1';
const adam = `${sgd} type: "Adam"`;

/** A net with something random in it, so that resuming needs the random numbers too. */
const dropoutNet = regressionNet
  .replace(
    'layer { name: "t"',
    'layer { name: "drop" type: "Dropout" bottom: "x" top: "xd" } layer { name: "t"',
  )
  .replace('bottom: "x" top: "y"', 'bottom: "xd" top: "y"');

async function load(text: string, options: SolverOptions, net = regressionNet) {
  return Solver.load({ ...solverParam(text), netParam: netParam(net) }, options);
}

/** All parameters and histories in one list. */
function everything(solver: Solver): number[] {
  const params = [...solver.net.params.values()].flat();
  return [...params, ...solver.history].flatMap((blob) => [...blob.data]);
}

describe("resuming", () => {
  test.each([
    ["SGD", sgd],
    ["Adam", adam],
    ["SGD with HDF5", `${sgd} snapshot_format: HDF5`],
    [
      "multistep",
      'base_lr: 0.1 lr_policy: "multistep" gamma: 0.5 stepvalue: 2 stepvalue: 9 momentum: 0.9',
    ],
  ])("%s goes on bit by bit as if it had never stopped", async (_, text) => {
    using folder = temporaryFolder();
    const options = { root: folder.path };
    const solverText = `${text} snapshot_prefix: "s"`;
    const straight = await load(solverText, options, dropoutNet);
    const passes = feed(straight);
    await straight.step(5);
    const { state } = await straight.snapshot();
    const resumed = await load(solverText, { ...options, snapshot: state }, dropoutNet);
    feed(resumed, passes());
    expect(resumed.iter).toBe(5);
    expect(resumed.learningRate).toBe(straight.learningRate);
    await straight.step(7);
    await resumed.step(7);
    expect(everything(resumed)).toEqual(everything(straight));
    straight.dispose();
    resumed.dispose();
  });

  test("without the side file says that data and random numbers begin anew", async () => {
    using folder = temporaryFolder();
    const options = { root: folder.path };
    const first = await load(`${sgd} snapshot_prefix: "s"`, options);
    feed(first);
    await first.step(1);
    const { state } = await first.snapshot();
    rmSync(join(folder.path, "s_iter_1.resume.json"));
    const logger = recordedLogger();
    const second = await load(sgd, { ...options, logger, snapshot: state });
    expect(logger.lines.at(-1)).toMatch(
      /^There is no .*s_iter_1\.resume\.json: the data starts from its beginning, and random numbers are new$/,
    );
    first.dispose();
    second.dispose();
  });

  test.each(["{", "[]", '{"iter":1}', '{"iter":7,"random":{},"net":{},"testNets":[]}'])(
    "a side file that holds %s is not used",
    async (content) => {
      using folder = temporaryFolder();
      const options = { root: folder.path };
      const first = await load(`${sgd} snapshot_prefix: "s"`, options);
      const { state } = await first.snapshot();
      writeFileSync(join(folder.path, "s_iter_0.resume.json"), content);
      const logger = recordedLogger();
      const second = await load(sgd, { ...options, logger, snapshot: state });
      expect(logger.lines.at(-1)).toContain("s_iter_0.resume.json");
      expect(logger.lines.at(-1)).toContain("the data starts from its beginning");
      first.dispose();
      second.dispose();
    },
  );
});

describe("the files of a snapshot", () => {
  test("are named by iteration, and the state names its weights", async () => {
    using folder = temporaryFolder();
    const logger = recordedLogger();
    const solver = await load(`${sgd} snapshot_prefix: "out" snapshot: 2 max_iter: 3`, {
      root: folder.path,
      logger,
    });
    feed(solver);
    await solver.solve();
    const names = ["out_iter_2", "out_iter_3"].flatMap((stem) =>
      ["caffemodel", "resume.json", "solverstate"].map((end) => `${stem}.${end}`),
    );
    expect(readdirSync(folder.path).sort()).toEqual(names);
    const state = await readSolverState(join(folder.path, "out_iter_3.solverstate"));
    expect(state).toMatchObject({ iter: 3, learnedNet: "out_iter_3.caffemodel" });
    expect(state.history.map(({ shape }) => shape)).toEqual([{ dim: [2, 3] }, { dim: [2] }]);
    expect(logger.lines).toContain("Snapshotting to binary proto file out_iter_2.caffemodel");
    expect(logger.lines).toContain(
      "Snapshotting solver state to binary proto file out_iter_2.solverstate",
    );
    solver.dispose();
  });

  test("in HDF5 have Caffe's names, and gradients with snapshot_diff", async () => {
    using folder = temporaryFolder();
    const logger = recordedLogger();
    const text = `${sgd} snapshot_prefix: "out" max_iter: 2 snapshot_format: HDF5 snapshot_diff: true`;
    const solver = await load(text, { root: folder.path, logger });
    feed(solver);
    await solver.solve();
    const names = ["caffemodel.h5", "resume.json", "solverstate.h5"].map(
      (end) => `out_iter_2.${end}`,
    );
    expect(readdirSync(folder.path).sort()).toEqual(names);
    const state = await readSolverState(join(folder.path, "out_iter_2.solverstate.h5"));
    expect(state).toMatchObject({
      iter: 2,
      learnedNet: "out_iter_2.caffemodel.h5",
      currentStep: 0,
    });
    expect(state.history.map(({ shape }) => shape)).toEqual([{ dim: [2, 3] }, { dim: [2] }]);
    expect(state.history[0]!.data).toEqual(solver.history[0]!.data);
    expect(logger.lines).toContain("Snapshotting to HDF5 file out_iter_2.caffemodel.h5");
    expect(logger.lines).toContain(
      "Snapshotting solver state to HDF5 file out_iter_2.solverstate.h5",
    );
    const bytes = readFileSync(join(folder.path, "out_iter_2.caffemodel.h5"));
    const [diff] = solver.net.params.get("ip")!.map((blob) => blob.diff);
    expect(bytes.includes(Buffer.from(Float32Array.from(diff!).buffer))).toBe(true);
    solver.dispose();
  });

  test("snapshot_after_train: false saves nothing at the end", async () => {
    using folder = temporaryFolder();
    const text = `${sgd} snapshot_prefix: "out" max_iter: 1 snapshot_after_train: false`;
    const solver = await load(text, { root: folder.path });
    feed(solver);
    await solver.solve();
    expect(readdirSync(folder.path)).toEqual([]);
    solver.dispose();
  });

  test("a request makes one at once", async () => {
    using folder = temporaryFolder();
    const solver = await load(`${sgd} snapshot_prefix: "out"`, { root: folder.path });
    feed(solver);
    solver.request("snapshot");
    await solver.step(2);
    expect(existsSync(join(folder.path, "out_iter_1.solverstate"))).toBe(true);
    solver.dispose();
  });

  test("a prefix that cannot be written is refused before the training", async () => {
    using folder = temporaryFolder();
    const message =
      "Cannot write to snapshot prefix 'no/such/folder/x'.  Make sure that the directory exists and is writable.";
    const text = `${sgd} snapshot_prefix: "no/such/folder/x" max_iter: 1`;
    await expect(load(`${text} snapshot: 5`, { root: folder.path })).rejects.toThrow(message);
    const solver = await load(text, { root: folder.path });
    await expect(solver.solve()).rejects.toThrow(message);
    expect(solver.iter).toBe(0);
    solver.dispose();
  });

  test("no prefix is refused before the training", async () => {
    const solver = await load(`${sgd} max_iter: 1`, {});
    await expect(solver.solve()).rejects.toThrow("this solver has no snapshot_prefix");
    solver.dispose();
  });
});

describe("snapshot_prefix by Caffe's rules", () => {
  async function prefixOf(folder: string, line: string) {
    const file = join(folder, "solver.prototxt");
    writeFileSync(file, `${sgd} net: "net.prototxt" ${line}`);
    writeFileSync(join(folder, "net.prototxt"), regressionNet);
    const logger = recordedLogger();
    const solver = await Solver.load(file, { root: folder, logger });
    solver.dispose();
    return { prefix: solver.param.snapshotPrefix, lines: logger.lines };
  }

  test("absent: the solver's name beside it", async () => {
    using folder = temporaryFolder();
    const { prefix, lines } = await prefixOf(folder.path, "");
    expect(prefix).toBe(join(folder.path, "solver"));
    expect(lines[0]).toBe(`snapshot_prefix was not specified and is set to ${prefix}`);
  });

  test.each([
    ["solver.prototxt", "solver"],
    ["./a.b.prototxt", "./a.b"],
    ["../x/solver", "../x/solver"],
  ])("absent, for the solver %s: %s, as the name was given", (file, prefix) => {
    const logger = recordedLogger();
    expect(snapshotPrefix(undefined, file, process.cwd(), logger)).toBe(prefix);
    expect(logger.lines).toEqual([`snapshot_prefix was not specified and is set to ${prefix}`]);
  });

  test("a folder: the solver's name in it", async () => {
    using folder = temporaryFolder();
    mkdirSync(join(folder.path, "snaps"));
    const { prefix, lines } = await prefixOf(folder.path, 'snapshot_prefix: "snaps/"');
    expect(prefix).toBe("snaps/solver");
    expect(lines[0]).toBe("snapshot_prefix was a directory and is replaced to snaps/solver");
  });

  test("anything else as it is", async () => {
    using folder = temporaryFolder();
    expect((await prefixOf(folder.path, 'snapshot_prefix: "a/b"')).prefix).toBe("a/b");
  });
});

describe("files that cannot be resumed from", () => {
  async function snapshotOf(text: string, folder: string, net = regressionNet) {
    const solver = await load(`${text} snapshot_prefix: "s"`, { root: folder }, net);
    const files = await solver.snapshot();
    solver.dispose();
    return files;
  }

  test("a .caffemodel is named as such", async () => {
    using folder = temporaryFolder();
    for (const text of [sgd, `${sgd} snapshot_format: HDF5`]) {
      const { model } = await snapshotOf(text, folder.path);
      const resume = load(sgd, { root: folder.path, snapshot: model });
      await expect(resume).rejects.toThrow(ModelFileError);
      await expect(resume).rejects.toThrow(
        "holds weights (.caffemodel), not the state of a solver (.solverstate)",
      );
    }
  });

  test("the state of another solver type is named as such", async () => {
    using folder = temporaryFolder();
    const { state } = await snapshotOf(sgd, folder.path);
    await expect(load(adam, { root: folder.path, snapshot: state })).rejects.toThrow(
      "Incorrect length of history blobs: the file has 2, this Adam solver has 4; it was written by SGD, Nesterov, AdaGrad or RMSProp.",
    );
    const { state: adamState } = await snapshotOf(adam, folder.path);
    await expect(load(sgd, { root: folder.path, snapshot: adamState })).rejects.toThrow(
      "the file has 4, this SGD solver has 2; it was written by AdaDelta or Adam.",
    );
  });

  test("the state of a type with as many blobs is named by what lies beside it", async () => {
    using folder = temporaryFolder();
    const { state } = await snapshotOf(adam, folder.path);
    const adaDelta = adam.replace("Adam", "AdaDelta");
    await expect(load(adaDelta, { root: folder.path, snapshot: state })).rejects.toThrow(
      "s_iter_0.solverstate was written by a solver of type Adam, and this one is AdaDelta: their histories differ. To go on with the numbers as they are, as Caffe does, remove ",
    );
    rmSync(join(folder.path, "s_iter_0.resume.json"));
    const solver = await load(adaDelta, { root: folder.path, snapshot: state });
    expect(solver.history).toHaveLength(4);
    solver.dispose();
  });

  test("a history of another length and other shapes is of another net", async () => {
    using folder = temporaryFolder();
    const { state } = await snapshotOf(sgd, folder.path);
    const more =
      'layer { name: "s" type: "Scale" bottom: "y" top: "y" scale_param { bias_term: true } }';
    const longer = regressionNet.replace('layer { name: "loss"', `${more} layer { name: "loss"`);
    const snapshot = { root: folder.path, snapshot: state };
    await expect(load(sgd, snapshot, longer)).rejects.toThrow(
      "the file has 2, this SGD solver has 4",
    );
    const wider = longer.replaceAll(/(num_output|dim): 2/g, "$1: 5");
    await expect(load(sgd, snapshot, wider)).rejects.toThrow("it was written for another net.");
  });

  test("the state of another net", async () => {
    using folder = temporaryFolder();
    const { state } = await snapshotOf(sgd, folder.path);
    const wider = regressionNet
      .replace("num_output: 2", "num_output: 5")
      .replace("dim: 2", "dim: 5");
    await expect(load(sgd, { root: folder.path, snapshot: state }, wider)).rejects.toThrow(
      "history 0 has shape 2 3 (6), this net's has 5 3 (15)",
    );
  });

  test("a file that is not there, and one cut short", async () => {
    using folder = temporaryFolder();
    const { state } = await snapshotOf(sgd, folder.path);
    const missing = join(folder.path, "nope.solverstate");
    await expect(load(sgd, { snapshot: missing })).rejects.toThrow(ModelFileError);
    const cut = join(folder.path, "cut.solverstate");
    writeFileSync(cut, readFileSync(state).subarray(0, 40));
    await expect(load(sgd, { snapshot: cut })).rejects.toThrow(ModelFileError);
  });
});
