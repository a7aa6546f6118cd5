/** @file Where a prototxt's `module` is looked for: files and folders of the layer path, in order. */
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CustomLayerError } from "../errors.ts";
import { displayPath } from "./source-position.ts";

const EXTENSIONS = [".ts", ".js", ".mjs"];

/** The name under which DIGITS stores the file that a user uploads, whatever it was called. */
export const UPLOADED_MODULE = "digits_python_layers";

/** The layers that come with cortado: the folder `layers` beside its package.json. */
export function builtInLayerFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json")) && folder !== dirname(folder)) {
    folder = dirname(folder);
  }
  return join(folder, "layers");
}

/** The layer path made absolute, with cortado's own layers as its end, split into files and folders. */
export interface LayerPath {
  readonly files: readonly string[];
  readonly folders: readonly string[];
  /** Everything, in order, as it is shown in messages. */
  readonly shown: readonly string[];
}

/** @throws CustomLayerError for a file that is no layer file or does not exist; a missing folder is empty. */
export function openLayerPath(entries: readonly string[]): LayerPath {
  const files: string[] = [];
  const folders: string[] = [];
  const all = [...new Set([...entries, builtInLayerFolder()].map((entry) => resolve(entry)))];
  for (const entry of all) {
    const stats = statSync(entry, { throwIfNoEntry: false });
    if (stats?.isDirectory()) folders.push(entry);
    else if (stats) files.push(checkedLayerFile(entry));
    else if (EXTENSIONS.includes(extname(entry))) {
      throw new CustomLayerError(`the layer file ${displayPath(entry)} does not exist`);
    }
  }
  return { files, folders, shown: all.map(displayPath) };
}

function checkedLayerFile(file: string): string {
  if (EXTENSIONS.includes(extname(file))) return file;
  if (extname(file) === ".py") throw pythonFile(file);
  throw new CustomLayerError(
    `${displayPath(file)} cannot be a layer: layer files end in ${EXTENSIONS.join(", ")}`,
  );
}

/** What to tell the owner of a Caffe layer in Python. */
function pythonFile(file: string): CustomLayerError {
  return new CustomLayerError(
    `${displayPath(file)} is written in Python; cortado runs layers in TypeScript. Carry its class ` +
      `over to ${basename(file, ".py")}.ts, line by line: layers/README.md shows how`,
  );
}

/**
 * The file of a module; "a.b_c" is `a/b_c.ts`, as in Python, or `a/b-c.ts`, as files in TypeScript
 * are often called. Given files go before folders.
 * @throws CustomLayerError when there is only a file in Python
 */
export function findModuleFile(module: string, { files, folders }: LayerPath): string | undefined {
  const path = module.replaceAll(".", "/");
  const paths = [...new Set([path, join(dirname(path), basename(path).replaceAll("_", "-"))])];
  const names = paths.map((name) => basename(name));
  const given = files.find((file) => names.includes(basename(file, extname(file))));
  if (given) return given;
  const firstWith = (extensions: readonly string[]) =>
    folders
      .flatMap((folder) => paths.map((name) => join(folder, name)))
      .flatMap((stem) => extensions.map((extension) => stem + extension))
      .find((file) => existsSync(file));
  const found = firstWith(EXTENSIONS);
  const python = found ? undefined : firstWith([".py"]);
  if (python) throw pythonFile(python);
  return found;
}

/**
 * The file that stands for an upload: one that exports the class, first among the files given by
 * name, then in each folder of the path. Files are only read, not run.
 * @throws CustomLayerError when several of the given files, or of one folder, export it.
 */
export function findUploadedFile(
  className: string,
  { files, folders }: LayerPath,
): string | undefined {
  const sourcesIn = (folder: string) =>
    readdirSync(folder)
      .filter((name) => EXTENSIONS.includes(extname(name)) && !name.endsWith(".d.ts"))
      .map((name) => join(folder, name));
  for (const candidates of [files, ...folders.map(sourcesIn)]) {
    const found = candidates.filter((file) => exportsClass(file, className));
    if (found.length === 1) return found[0];
    if (found.length > 1) {
      const names = found.map(displayPath).join(", ");
      throw new CustomLayerError(
        `${found.length} files export a class ${className}: ${names}. ` +
          `Write the name of one of them as module instead of "${UPLOADED_MODULE}".`,
      );
    }
  }
  return undefined;
}

function exportsClass(file: string, className: string): boolean {
  const name = className.replace(/\W/g, "\\$&");
  const declared = `export\\s+(default\\s+)?class\\s+${name}\\b`;
  const listed = `export\\s*\\{[^}]*\\b${name}\\b[^}]*\\}`;
  return new RegExp(`${declared}|${listed}`).test(readFileSync(file, "utf8"));
}
