/** @file The folders of src import one way only, as the design lays down. */
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const src = fileURLToPath(new URL("../src", import.meta.url));

/** Lower layers first; folders of one layer may not import each other. */
const LAYERS = [
  ["prototxt"],
  ["schema"],
  ["core"],
  ["math"],
  ["layers", "custom", "data", "model-file"],
  ["device"],
  ["net"],
  ["solver"],
  ["plugins", "job"],
  ["cli", "studio"],
];

/** Imports beside the order, each with its reason. */
const EXCEPTIONS = new Set([
  "layers -> custom", // type "Python" is a built-in layer that runs custom ones
  "layers -> data", // data layers read through data sources
  "layers -> model-file", // layers that read a BlobProto named by the prototxt
  "data -> model-file", // mean images are BlobProtos
  "cli -> studio", // `cortado studio` starts the server
  "job -> plugins", // inference reads DICOM files as the dataset did
]);

function filesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "kernels" ? [] : filesOf(path);
    return path.endsWith(".ts") ? [path] : [];
  });
}

function folderOf(path: string): string {
  return relative(src, path).split(sep)[0]!;
}

const rank = (folder: string) => LAYERS.findIndex((layer) => layer.includes(folder));

test("folders import only folders below them", () => {
  const wrong: string[] = [];
  for (const file of filesOf(src)) {
    const from = folderOf(file);
    if (rank(from) < 0) continue; // errors.ts and index.ts
    for (const match of readFileSync(file, "utf8").matchAll(/from "(\.[^"]+)"/g)) {
      const to = folderOf(resolve(dirname(file), match[1]!));
      if (to === from || rank(to) < 0 || EXCEPTIONS.has(`${from} -> ${to}`)) continue;
      // Types of the layer contract come from the schema; they are gone when the code runs.
      if (rank(to) >= rank(from)) wrong.push(`${relative(src, file)} imports ${match[1]}`);
    }
  }
  expect(wrong).toEqual([]);
});
