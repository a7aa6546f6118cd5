/** @file What the source of a layer, or of a folder, reads: identifiers outside of comments and texts. */
import { readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const src = fileURLToPath(new URL("../../src", import.meta.url));

/** Folders that a layer's own code lies in. */
const LAYER_FOLDERS = /^(layers|data|custom)\//;

/** Identifiers of all files at these paths in src: files, or folders with what is in them. */
export function identifiersAt(...paths: readonly string[]): ReadonlySet<string> {
  return new Set(paths.flatMap((path) => filesAt(join(src, path))).flatMap(identifiersOf));
}

/** The file that defines a layer type, and everything of layers/, data/ and custom/ that it imports. */
export function layerFiles(type: string): readonly string[] {
  const own = filesAt(join(src, "layers")).find(
    (file) => basename(file, ".ts").replaceAll("-", "") === type.toLowerCase(),
  );
  if (!own) throw new Error(`no file of src/layers has the name of the type ${type}`);
  const seen = new Set([own]);
  for (const file of seen) {
    for (const [, path] of readFileSync(file, "utf8").matchAll(/from "(\.[^"]+)"/g)) {
      const imported = resolve(dirname(file), path!);
      if (LAYER_FOLDERS.test(relative(src, imported))) seen.add(imported);
    }
  }
  return [...seen];
}

export function identifiersOf(file: string): string[] {
  const code = readFileSync(file, "utf8")
    .replace(/\/\*.*?\*\//gs, "")
    .replace(/^\s*\/\/.*$/gm, "");
  return code.match(/[A-Za-z_]\w*/g) ?? [];
}

function filesAt(path: string): string[] {
  if (path.endsWith(".ts")) return [path];
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === "generated" || entry.name === "kernels") return [];
    if (entry.isDirectory()) return filesAt(join(path, entry.name));
    return entry.name.endsWith(".ts") ? [join(path, entry.name)] : [];
  });
}
