import { spawn } from "node:child_process";
import { readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { goldenRun } from "../support/golden-cli.ts";
import { hasProgram, program, startProgram } from "../support/program.ts";
import { hasShared } from "../support/shared.ts";
import { temporaryFolder } from "../support/solver.ts";

const train = ["train", "-solver", "solver.prototxt"];

describe.skipIf(!hasShared || !hasProgram)(
  "signals to a training (needs the build and ../shared)",
  () => {
    test("SIGINT stops it, with a snapshot and exit code 0", async () => {
      using run = await goldenRun("sigint_stop");
      const training = startProgram(run.folder, train);
      await training.shows("Iteration 0, lr");
      training.child.kill("SIGINT");
      expect(await training.exit).toBe(0);
      const lines = training.err().trimEnd().split("\n");
      expect(lines.at(-2)).toMatch(/\] Optimization stopped early\.$/);
      expect(lines.at(-1)).toMatch(/\] Optimization Done\.$/);
      const snapshots = readdirSync(run.folder).filter((name) => name.startsWith("snap_"));
      expect(snapshots).toHaveLength(3);
    });

    test("SIGHUP makes a snapshot, and the training goes on", async () => {
      using run = await goldenRun("sighup_then_sigint");
      const training = startProgram(run.folder, train);
      await training.shows("Iteration 0, lr");
      training.child.kill("SIGHUP");
      await training.shows("Snapshotting solver state");
      training.child.kill("SIGINT");
      expect(await training.exit).toBe(0);
      const states = readdirSync(run.folder).filter((name) => name.endsWith(".solverstate"));
      expect(states.length).toBeGreaterThanOrEqual(2);
    });

    test("-sigint_effect none and -sighup_effect stop are obeyed", async () => {
      using run = await goldenRun("sigint_stop");
      const solver = join(run.folder, "solver.prototxt");
      const text = readFileSync(solver, "utf8");
      writeFileSync(solver, text.replace("display: 20000", "display: 500"));
      const effects = ["-sigint_effect", "none", "-sighup_effect", "stop"];
      const training = startProgram(run.folder, [...train, ...effects]);
      await training.shows("Iteration 0, lr");
      training.child.kill("SIGINT");
      await training.shows("Iteration 2000, lr");
      training.child.kill("SIGHUP");
      expect(await training.exit).toBe(0);
      expect(training.err()).toContain("Optimization stopped early.");
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
