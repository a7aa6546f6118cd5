import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  goldenArguments,
  goldenLog,
  goldenRun,
  messages,
  runIn,
  sameLine,
  withoutTimes,
} from "../support/golden-cli.ts";
import { parseCsv, parseLog, parseLogByShell, parseShellTable } from "../support/parse-log.ts";
import { hideGpus } from "../support/gpu.ts";
import { hasShared, sharedPath } from "../support/shared.ts";

/** Runs that are held against Caffe's log line by line. */
const trained = [
  "train",
  "train_average_loss",
  "train_clip",
  "train_debug_info",
  "train_gflags_style",
  "train_hdf5_snapshot",
  "train_multistep",
  "train_no_snapshot_after",
  "train_prefix_dir",
  "train_test_initialization_false",
];
const parsed = ["train", "train_average_loss", "train_test_initialization_false"];

/** Runs that Caffe ends with SIGABRT, and the sentence of ours that says why. */
const failing = [
  ["err_gpu", "Cannot use GPU"],
  ["err_phase", 'phase must be "TRAIN" or "TEST"'],
  ["err_sig_effect", 'Invalid signal effect "foo" was specified'],
  ["err_copy_blobs", "Incompatible number of blobs for layer ip1"],
  [
    "err_copy_shape",
    "Cannot copy param 0 weights from layer 'ip1'; shape mismatch.  Source param shape is 12 4 (48); target param shape is 13 4 (52).",
  ],
  [
    "err_copy_shape_hdf5",
    "Cannot load blob from hdf5; shape mismatch. Source shape is 12 4 (48) target shape is 13 4 (52)",
  ],
  ["err_solver_adagrad_momentum", "Momentum cannot be used with AdaGrad."],
  ["err_solver_average_loss_0", "average_loss should be non-negative"],
  ["err_solver_lr_policy", "Unknown learning rate policy: wobble"],
  ["err_solver_missing", "File not found: nope.prototxt"],
  [
    "err_solver_no_net",
    "SolverParameter must specify a train net using one of these fields: net, net_param, train_net, train_net_param",
  ],
  ["err_solver_regularization", "Unknown regularization type: L3"],
  ["err_solver_rmsprop_momentum", "Momentum cannot be used with RMSProp."],
  ["err_solver_stepsize_0", "stepsize > 0"],
  ["err_solver_syntax", "solver.prototxt:16:"],
  ["err_solver_test_interval_0", "test_interval must be greater than 0"],
  ["err_solver_test_iter_missing", "test_iter must be specified for each test network"],
  ["err_solver_test_state_count", "test_state must be unspecified or specified once per test net"],
  [
    "err_solver_two_nets",
    "SolverParameter must not contain more than one of these fields specifying a train_net: net, net_param, train_net, train_net_param",
  ],
  [
    "err_solver_type",
    "Unknown solver type: Foo (known types: AdaDelta, AdaGrad, Adam, Nesterov, RMSProp, SGD)",
  ],
  ["err_test_no_weights", "Need model weights to score."],
  ["err_time_no_model", "Need a model definition to time."],
  ["unknown_action", "Unknown action: frobnicate"],
  ["unknown_flag", "unknown command line flag 'frobnicate'"],
] as const;

/** The golden CSVs of Caffe's own parse_log.py. */
function goldenCsv(name: string) {
  const read = (phase: string) =>
    parseCsv(readFileSync(sharedPath("golden/cli", name, "parsed", `caffe.log.${phase}`), "utf8"));
  return { train: read("train"), test: read("test") };
}

/** The golden tables of Caffe's own parse_log.sh. */
function goldenTables(name: string) {
  const read = (phase: string) => {
    const path = sharedPath("golden/cli", name, "parsed/sh", `caffe.log.${phase}`);
    return parseShellTable(readFileSync(path, "utf8"));
  };
  return { test: read("test"), train: read("train") };
}

function expectSameLines(actual: readonly string[], expected: readonly string[]): void {
  const wrong = expected.findIndex((line, i) => !sameLine(actual[i], line));
  expect(wrong < 0 ? undefined : actual[wrong]).toBe(expected[wrong]);
  expect(actual).toHaveLength(expected.length);
}

/** The loss of weights that nobody seeded. */
const OF_RANDOM_WEIGHTS = /(Initial loss: )\S+$/;

/** From the first line on, with the sources that Google-log prints. */
function expectSameLog(actual: readonly string[], expected: readonly string[]): void {
  expectSameLines(actual.map(withoutTimes), expected.map(withoutTimes));
}

/** Runs that other tests hold against Caffe's, and where. */
const elsewhere = {
  extract_features: "extract-features.test.ts",
  sighup_then_sigint: "process.test.ts",
  sigint_stop: "process.test.ts",
};

/** Runs of this file's tests on their own. */
const others = ["resume", "err_solver_mode_gpu", "no_args", "help", "version", "device_query"];

describe.skipIf(!hasShared)("Caffe's own runs (needs ../shared)", () => {
  test.each(parsed)(
    "this suite's parse_log reads Caffe's log of %s as parse_log.py and parse_log.sh did",
    (name) => {
      expect(parseLog(goldenLog(name))).toEqual(goldenCsv(name));
      expect(parseLogByShell(goldenLog(name))).toEqual(goldenTables(name));
    },
  );

  test.each([...trained, "test", "time"])("%s logs the same lines and numbers", async (name) => {
    using run = await goldenRun(name);
    const { code, err } = await runIn(run.folder, goldenArguments(name));
    expect(code, err.at(-1)).toBe(0);
    const known = (lines: string[]) => lines.map((line) => line.replace(OF_RANDOM_WEIGHTS, "$1-"));
    expectSameLog(known(err), known(goldenLog(name)));
  });

  test.each(parsed)("both parse_logs make the same tables of the log of %s", async (name) => {
    using run = await goldenRun(name);
    const { err } = await runIn(run.folder, goldenArguments(name));
    // The sixth digit of a loss depends on the order of the sums in a matrix product.
    const rows = (table: object) => JSON.stringify(table, undefined, 1).split("\n");
    expectSameLines(rows(parseLog(err)), rows(goldenCsv(name)));
    expectSameLines(rows(parseLogByShell(err)), rows(goldenTables(name)));
  });

  test("a resumed run logs the same lines and numbers", async () => {
    using run = await goldenRun("train");
    await runIn(run.folder, goldenArguments("train"));
    const { code, err } = await runIn(run.folder, goldenArguments("resume"));
    expect(code).toBe(0);
    expectSameLog(err, goldenLog("resume"));
  });

  test("Caffe's own snapshot resumes to the same numbers, with a warning", async () => {
    using run = await goldenRun("train");
    for (const end of ["caffemodel", "solverstate"]) {
      const file = `snap_iter_30.${end}`;
      cpSync(sharedPath("golden/cli/resume", file), join(run.folder, file));
    }
    const { err } = await runIn(run.folder, goldenArguments("resume"));
    // Caffe starts the data anew, at record 0; 30 iterations of 8 end there after 6 rounds of 40.
    const warnings = err.filter((line) => line.startsWith("W"));
    expect(warnings.map(withoutTimes)).toEqual([
      "W solver.cpp:498] There is no snap_iter_30.resume.json: the data starts from its beginning, and random numbers are new",
    ]);
    expectSameLog(
      err.filter((line) => !warnings.includes(line)),
      goldenLog("resume"),
    );
  });
  test("snapshots in HDF5 resume to the same numbers, Caffe's own too", async () => {
    const name = "train_hdf5_snapshot";
    using run = await goldenRun(name);
    const from = "Iteration 30 ";
    const expected = messages(goldenLog(name), from);
    const resume = [...goldenArguments(name), "-snapshot", "snap_iter_30.solverstate.h5"];
    await runIn(run.folder, goldenArguments(name));
    for (const files of ["ours", "Caffe's"]) {
      if (files !== "ours") {
        for (const end of ["caffemodel.h5", "solverstate.h5"]) {
          const file = `snap_iter_30.${end}`;
          cpSync(sharedPath("golden/cli", name, file), join(run.folder, file), { force: true });
        }
      }
      const { code, err } = await runIn(run.folder, resume);
      expect(code, err.at(-1)).toBe(0);
      expectSameLines(messages(err, from), expected);
    }
  });

  test("a run that stops amid the data goes on at the next record", async () => {
    using run = await goldenRun("train");
    const solver = join(run.folder, "solver.prototxt");
    const text = readFileSync(solver, "utf8").replace(/max_iter: 60|snapshot: 30/g, "");
    // 7 batches of 8 end in the second round of 40 records.
    writeFileSync(solver, `${text} max_iter: 13 snapshot: 7`);
    await runIn(run.folder, ["train", "-solver", "solver.prototxt"]);
    const last = join(run.folder, "snap_iter_13.caffemodel");
    const straight = readFileSync(last);
    rmSync(last);
    const resume = ["train", "-solver", "solver.prototxt", "-snapshot", "snap_iter_7.solverstate"];
    const { code } = await runIn(run.folder, resume);
    expect(code).toBe(0);
    expect(readFileSync(last).equals(straight)).toBe(true);
  });

  test.each(failing)("%s ends with one clear error and exit code 1", async (name, message) => {
    using _none = hideGpus();
    using run = await goldenRun(name);
    const { code, err } = await runIn(run.folder, goldenArguments(name));
    expect(code).toBe(1);
    const error = err.findIndex((line) => line.startsWith("cortado: "));
    expect(err[error]).toContain(message);
    // After it at most the line of the file and a caret; no stack.
    expect(err.length - error).toBeLessThanOrEqual(3);
    expect(err.join("\n")).not.toMatch(/\n\s+at .*\.[jt]s/);
    expect(existsSync(join(run.folder, "snap_iter_60.caffemodel"))).toBe(false);
  });

  test("without a GPU, solver_mode GPU trains on the CPU, with a warning", async () => {
    using _none = hideGpus();
    using run = await goldenRun("err_solver_mode_gpu");
    const { code, err } = await runIn(run.folder, goldenArguments("err_solver_mode_gpu"));
    expect(code).toBe(0);
    expect(err.filter((line) => line.startsWith("W")).join()).toMatch(
      /solver_mode is GPU, but no GPU was found: .*: training on the CPU/,
    );
    expect(messages(err, "Use CPU.")[0]).toBe("Use CPU.");
  });

  test("no arguments print the commands, and are no mistake", async () => {
    const { code, out, err } = await runIn(".", goldenArguments("no_args"));
    expect({ code, err }).toEqual({ code: 0, err: [] });
    for (const line of goldenCommands()) expect(out.join("\n")).toMatch(line);
  });

  // gflags ends with 1 after --help as after a mistake; here it is 0, as everywhere else.
  test("--help prints the commands, and is no mistake, unlike with gflags", async () => {
    const { code, out } = await runIn(".", goldenArguments("help"));
    expect(code).toBe(0);
    for (const line of goldenCommands()) expect(out.join("\n")).toMatch(line);
  });

  test("--version prints the program's name and version", async () => {
    const { code, out, err } = await runIn(".", goldenArguments("version"));
    expect({ code, err }).toEqual({ code: 0, err: [] });
    expect(out.join("\n")).toMatch(/^cortado version \d+\.\d+\.\d+$/);
  });

  test("device_query logs Caffe's line, then what there is", async () => {
    using _none = hideGpus();
    const { code, out, err } = await runIn(".", goldenArguments("device_query"));
    expect(code).toBe(0);
    expectSameLog(err, goldenLog("device_query"));
    expect(out[0]).toBe("Device:    cpu");
    const gpu = await runIn(".", ["device_query", "-gpu", "all"]);
    expect(gpu.code).toBe(1);
    expect(gpu.err.at(-1)).toContain("Cannot use GPU all");
  });

  test("none of them is left out", () => {
    const held = [...trained, "test", "time", ...failing.map(([name]) => name), ...others];
    const cases = readdirSync(sharedPath("golden/cli")).filter((name) => !name.includes("."));
    expect([...held, ...Object.keys(elsewhere)].sort()).toEqual(cases.sort());
  });
});

/** The lines of Caffe's usage that name a command, with any space between. */
function goldenCommands(): RegExp[] {
  const usage = readFileSync(sharedPath("golden/cli/no_args/stdout.log"), "utf8");
  const lines = usage.match(/^ {2}(train|test|time|device_query) .*$/gm)!;
  expect(lines).toHaveLength(4);
  return lines.map((line) => new RegExp(`^ +${line.trim().split(/ {2,}/)[0]} +\\S`, "m"));
}
