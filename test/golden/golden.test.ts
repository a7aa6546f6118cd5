/** @file The outputs of real Caffe, run through the built package by the checker that lies beside them. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { builtInLayers } from "../../src/layers/index.ts";
import { gpu } from "../support/gpu.ts";
import { hasShared, sharedPath } from "../support/shared.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));
const known = new Set(builtInLayers.map((layer) => layer.type));

/** Names of the cases whose layer types are all built in; the others wait for their layers. */
function casesOf(folder: string, typesColumn: number): string[] {
  const rows = readFileSync(sharedPath("golden", folder, "INDEX.tsv"), "utf8")
    .trim()
    .split("\n");
  return rows.slice(1).flatMap((row) => {
    const cells = row.split("\t");
    const types = (cells[typesColumn] ?? "").split(/[ ,]+/).filter(Boolean);
    return types.every((type) => known.has(type)) ? [cells[0]!] : [];
  });
}

/** @param device where it computes; what a driver or TensorFlow says on stderr is left out */
function check(folder: string, cases: readonly string[], device = "cpu"): string {
  const only = `^(${cases.join("|")})$`;
  const script = sharedPath("check", "golden.mjs");
  const run = spawnSync(
    process.execPath,
    [
      ...[script, "--project", project, "--device", device],
      ...["--only", only, sharedPath("golden", folder)],
    ],
    { encoding: "utf8", maxBuffer: 2 ** 24 },
  );
  return device === "cpu" ? run.stdout + run.stderr : run.stdout;
}

test.skipIf(!hasShared)(
  "computes what Caffe computes, net by net (needs ../shared)",
  () => {
    const cases = casesOf("net", 2);
    expect(cases.length).toBeGreaterThan(180);
    expect(check("net", cases).trim()).toBe(`${cases.length} passed, 0 failed`);
  },
  120_000,
);

test.skipIf(!hasShared)(
  "trains as Caffe trains, solver by solver (needs ../shared)",
  () => {
    const cases = casesOf("solver", 2);
    expect(cases.length).toBeGreaterThan(15);
    expect(check("solver", cases).trim()).toBe(`${cases.length} passed, 0 failed`);
  },
  120_000,
);

describe.each([
  ["webgpu", gpu !== undefined, "a GPU, or chromium's SwiftShader"],
  ["tfjs", true, "TensorFlow.js"],
] as const)("on %s, layers without a kernel on the host among them", (device, isThere, needs) => {
  test.skipIf(!hasShared || !isThere)(
    `nets and solvers compute what Caffe computes (needs ../shared and ${needs})`,
    () => {
      for (const folder of ["net", "solver"]) {
        const cases = casesOf(folder, 2);
        expect(check(folder, cases, device).trim()).toBe(`${cases.length} passed, 0 failed`);
      }
    },
    300_000,
  );
});
