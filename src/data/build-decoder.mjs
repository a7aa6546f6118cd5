/** @file Bundles the decoding thread: a thread starts from one file of plain JavaScript. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const root = new URL("../../", import.meta.url);
const { outputFiles } = buildSync({
  entryPoints: [fileURLToPath(new URL("decoder/thread.ts", import.meta.url))],
  bundle: true,
  write: false,
  platform: "node",
  target: "node20",
  format: "cjs",
  external: ["sharp"],
  logLevel: "warning",
});

// Sources run from src/, the installed package from dist/; tsc would not carry the file over.
for (const folder of ["src", "dist/src"]) {
  const target = fileURLToPath(new URL(`${folder}/data/generated/decoding-thread.cjs`, root));
  mkdirSync(dirname(target), { recursive: true });
  const temporary = `${target}.${process.pid}.tmp`;
  writeFileSync(temporary, outputFiles[0].contents);
  renameSync(temporary, target);
}
