/** @file Runs the cases of real Caffe through the built package, by the checker that lies beside them. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { builtInLayers } from "../../src/layers/index.ts";
import { sharedPath } from "./shared.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));
const known = new Set(builtInLayers.map((layer) => layer.type));

/** Names of the cases whose layer types are all built in; the others wait for their layers. */
export function casesOf(folder: string, typesColumn: number): string[] {
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
export function checkGolden(folder: string, cases: readonly string[], device = "cpu"): string {
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
