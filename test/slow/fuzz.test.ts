/** @file The runner of `npm run fuzz` notices and survives everything that a reader may not do. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryFolder } from "../support/solver.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("what a reader may not do is noticed, kept, and nothing else suffers from it", () => {
  using folder = temporaryFolder();
  const corpus = join(folder.path, "corpus");
  const out = join(folder.path, "out");
  mkdirSync(join(corpus, "self-test"), { recursive: true });
  const deeds = [1, 2, 3, 4, 5, 6];
  for (const deed of deeds) {
    writeFileSync(join(corpus, "self-test", `${deed}`), Uint8Array.of(deed));
  }
  const { status, stdout } = spawnSync(
    "npm",
    [
      "run",
      "--silent",
      "fuzz",
      "--",
      "self-test",
      "--count",
      "7",
      "--corpus",
      corpus,
      "--out",
      out,
    ],
    { cwd: root, encoding: "utf8" },
  );
  const lines = stdout.split("\n").map((line) => line.replace(/ \(\S+\)$/, ""));
  expect(lines[0]).toBe("self-test 1: TypeError: a mistake");
  expect(lines[1]).toBe("self-test 2: no end after 20 s");
  expect(lines[2]).toMatch(/^self-test 3: \d{3} MiB$/);
  expect(lines[3]).toBe("self-test 4: the process ended (SIGABRT)");
  expect(lines[4]).toBe("self-test 5: the process ended (exit code 13)");
  expect(lines[5]).toMatch(/^self-test: 7 inputs, 5 failures, \d+ s$/);
  expect(status).toBe(1);
  const kept = readdirSync(join(out, "self-test")).filter((name) => !name.endsWith(".txt"));
  expect(kept.map((name) => readFileSync(join(out, "self-test", name))[0])).toEqual([
    1, 2, 3, 4, 5,
  ]);
  expect(readFileSync(join(out, "self-test", "1-1.txt"), "utf8")).toMatch(
    /^TypeError: a mistake\n +at /,
  );
});
