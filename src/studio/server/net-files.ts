/** @file The files that a network text names: they must lie inside the roots, as everything else. */
import { realpath } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import type { NetParameter } from "../../schema/index.ts";
import { Refusal } from "./refusal.ts";
import { type Roots, isWithin } from "./roots.ts";

/** Fields of Caffe's messages whose value is a path that is read or written. */
export const PATHS: ReadonlySet<string> = new Set([
  "source",
  "meanFile",
  "rootFolder",
  "mapFile",
  "fileName",
  "outputDirectory",
  "labelMapFile",
  "nameSizeFile",
  "saveFile",
]);

/**
 * @param folder what relative paths are relative to; they may not lead out of it
 * @throws Refusal naming the first path that leads outside
 */
export async function checkNetFiles(
  net: NetParameter,
  roots: Roots,
  folder: string,
): Promise<void> {
  for (const { field, path } of pathsIn(net)) {
    // The job's own data layers get the dataset in place of what the text says.
    if (field === "dataParam.source" || path === "") continue;
    if (isAbsolute(path)) await roots.inside(path, "network");
    else if (!(await staysWithin(path, folder))) {
      throw new Refusal(403, `the network names the file ${path}, outside its job`, "network");
    }
  }
}

/** Whether a relative path stays in the folder, through links too where it exists already. */
async function staysWithin(path: string, folder: string): Promise<boolean> {
  const place = resolve(folder, path);
  const real = await realpath(place).catch(() => place);
  return isWithin(place, folder) && isWithin(real, folder);
}

interface NamedPath {
  readonly field: string;
  readonly path: string;
}

function pathsIn(value: unknown, field = ""): NamedPath[] {
  if (Array.isArray(value)) return value.flatMap((each) => pathsIn(each, field));
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return [];
  return Object.entries(value).flatMap(([key, content]) => {
    const name = field === "" || field === "layer" ? key : `${field}.${key}`;
    if (typeof content === "string" && PATHS.has(key)) return [{ field: name, path: content }];
    return pathsIn(content, name);
  });
}
