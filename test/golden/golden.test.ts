/** @file The outputs of real Caffe, run through the built package by the checker that lies beside them. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { builtInLayers } from "../../src/layers/index.ts";
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

function check(folder: string, cases: readonly string[]): string {
  const only = `^(${cases.join("|")})$`;
  const script = sharedPath("check", "golden.mjs");
  const run = spawnSync(
    process.execPath,
    [script, "--project", project, "--only", only, sharedPath("golden", folder)],
    { encoding: "utf8", maxBuffer: 2 ** 24 },
  );
  return run.stdout + run.stderr;
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
