import { spawn } from "node:child_process";
import { readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { goldenLog, goldenRun, withoutTimes } from "../support/golden-cli.ts";
import { hasProgram, program, startProgram } from "../support/program.ts";
import { hasShared } from "../support/shared.ts";
import { temporaryFolder } from "../support/solver.ts";

const train = ["train", "-solver", "solver.prototxt"];

/** A log without times, and with # for the iteration at which a signal came. */
const comparable = (lines: readonly string[]) =>
  lines.map((line) => withoutTimes(line).replace(/snap_iter_\d+/, "snap_iter_#"));

/** Up to the first display, and what signals brought about; between them displays come as they may. */
function headAndTail(lines: readonly string[]) {
  const end = lines.findIndex((line) => line.includes("Iteration 0, lr")) + 1;
  const isOfSignal = (line: string) => /Snapshotting|Optimization|interrupted/.test(line);
  return {
    head: comparable(lines.slice(0, end)),
    tail: comparable(lines.slice(end).filter(isOfSignal)),
  };
}

/** Sends signals one after the other, each when the log shows its text. @returns exit code and log */
async function signalled(
  folder: string,
  flags: readonly string[],
  signals: readonly (readonly [NodeJS.Signals, string])[],
) {
  const training = startProgram(folder, [...train, ...flags]);
  for (const [signal, text] of signals) {
    await training.shows(text);
    training.child.kill(signal);
  }
  const code = await training.exit;
  return { code, lines: training.err().trimEnd().split("\n") };
}

describe.skipIf(!hasShared || !hasProgram)(
  "signals to a training (needs the build and ../shared)",
  () => {
    test.each<[string, (readonly [NodeJS.Signals, string])[]]>([
      ["sigint_stop", [["SIGINT", "Iteration 0, lr"]]],
      [
        "sighup_then_sigint",
        [
          ["SIGHUP", "Iteration 0, lr"],
          ["SIGINT", "Snapshotting solver state"],
        ],
      ],
    ])("%s: Caffe's log, snapshots and exit code", async (name, signals) => {
      using run = await goldenRun(name);
      const { code, lines } = await signalled(run.folder, [], signals);
      expect(code).toBe(0);
      expect(headAndTail(lines)).toEqual(headAndTail(goldenLog(name)));
      const states = readdirSync(run.folder).filter((file) => file.endsWith(".solverstate"));
      expect(states).toHaveLength(signals.length);
    });

    test("-sigint_effect none and -sighup_effect stop are obeyed", async () => {
      using run = await goldenRun("sigint_stop");
      const solver = join(run.folder, "solver.prototxt");
      const text = readFileSync(solver, "utf8");
      writeFileSync(solver, text.replace("display: 20000", "display: 500"));
      const { code, lines } = await signalled(
        run.folder,
        ["-sigint_effect", "none", "-sighup_effect", "stop"],
        [
          ["SIGINT", "Iteration 0, lr"],
          ["SIGHUP", "Iteration 2000, lr"],
        ],
      );
      expect(code).toBe(0);
      expect(lines.at(-2)).toContain("Optimization stopped early.");
    });

    test("in a test a snapshot is made at once, and a stop interrupts it", async () => {
      using run = await goldenRun("sigint_stop");
      const solver = join(run.folder, "solver.prototxt");
      const text = readFileSync(solver, "utf8");
      writeFileSync(solver, text.replace("test_iter: 3", "test_iter: 100000000"));
      const { code, lines } = await signalled(
        run.folder,
        ["-sigint_effect", "snapshot", "-sighup_effect", "stop"],
        [
          ["SIGINT", "Testing net"],
          ["SIGHUP", "Snapshotting solver state"],
        ],
      );
      expect(code).toBe(0);
      const from = lines.findIndex((line) => line.includes("Testing net"));
      const snapshot = [
        "I solver.cpp:464] Snapshotting to binary proto file snap_iter_0.caffemodel",
        "I sgd_solver.cpp:284] Snapshotting solver state to binary proto file snap_iter_0.solverstate",
      ];
      expect(lines.slice(from).map(withoutTimes)).toEqual([
        "I solver.cpp:347] Iteration 0, Testing net (#0)",
        ...snapshot,
        "I solver.cpp:395] Test interrupted.",
        ...snapshot,
        "I solver.cpp:311] Optimization stopped early.",
        "I caffe.cpp:250] Optimization Done.",
      ]);
    });
  },
);

test.skipIf(!hasProgram)("a mistake ends the process with 1 (needs the build)", async () => {
  const mistake = startProgram(".", ["trian"]);
  expect(await mistake.exit).toBe(1);
  expect(mistake.err()).toBe("cortado: Unknown action: trian; did you mean train?\n");
});

test.skipIf(!hasProgram)("an installed link to the program runs it (needs the build)", async () => {
  using folder = temporaryFolder();
  const link = join(folder.path, "cortado");
  symlinkSync(program, link);
  const child = spawn(process.execPath, [link, "--version"]);
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  await new Promise((resolve) => child.on("close", resolve));
  expect(out).toMatch(/^cortado version /);
});
