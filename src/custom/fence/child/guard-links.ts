/**
 * @file Links in the folders that a fenced layer may read: Node's permission model looks at names only,
 * and follows a link to anywhere.
 */
import type * as Fs from "node:fs";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Functions of `fs` whose first argument is a path. */
const BY_PATH = (
  "access createReadStream exists lstat open openAsBlob opendir readdir readFile readlink realpath stat " +
  "statfs watch watchFile cp copyFile"
).split(" ");

/**
 * From now on files outside the folders are refused, also through a link inside.
 * @param fs the module that everybody gets, not a bundle's copy of it
 */
export function refuseLinksOut(fs: typeof Fs, folders: readonly string[]): void {
  const { realpathSync } = fs;
  const real = folders.map((folder) => realOf(folder, realpathSync.native));
  const check = (given: unknown) => {
    const path = pathOf(given);
    if (path === undefined) return;
    const target = realOf(resolve(path), realpathSync.native);
    if (real.some((folder) => isInside(target, folder))) return;
    throw Object.assign(new Error("Access to this API has been restricted"), {
      ...{ code: "ERR_ACCESS_DENIED", permission: "FileSystemRead", resource: path },
    });
  };
  guard(fs, check, (name) => [name, `${name}Sync`]);
  guard(fs.promises, check, (name) => [name]);
}

function guard(module: object, check: (path: unknown) => void, names: (name: string) => string[]) {
  for (const name of BY_PATH.flatMap(names)) {
    const own: unknown = Reflect.get(module, name);
    if (typeof own !== "function") continue;
    const guarded = function (this: unknown, ...args: unknown[]): unknown {
      check(args[0]);
      return Reflect.apply(own, this, args);
    };
    Reflect.defineProperty(module, name, { value: guarded, writable: false, configurable: false });
  }
}

/** Undefined for what is no path, such as the number of an open file. */
function pathOf(given: unknown): string | undefined {
  if (typeof given === "string") return given;
  if (given instanceof URL) return fileURLToPath(given);
  return given instanceof Uint8Array ? Buffer.from(given).toString() : undefined;
}

/** The path itself where it does not exist, or may not be looked at. */
function realOf(path: string, realpath: (path: string) => string): string {
  try {
    return realpath(path);
  } catch {
    return path;
  }
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
