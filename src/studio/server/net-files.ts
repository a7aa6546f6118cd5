/** @file The files that a network text names: they must lie inside the roots, as everything else. */
import { isAbsolute, join } from "node:path";
import type { NetParameter } from "../../schema/index.ts";
import { Refusal } from "./refusal.ts";
import type { Roots } from "./roots.ts";

/** Fields of Caffe's messages whose value is a path that is read or written. */
const PATHS = new Set([
  "source",
  "meanFile",
  "rootFolder",
  "mapFile",
  "fileName",
  "outputDirectory",
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
    const place = isAbsolute(path) ? path : join(folder, path);
    if (!isAbsolute(path) && !place.startsWith(folder)) {
      throw new Refusal(403, `the network names the file ${path}, outside its job`, "network");
    }
    if (isAbsolute(path)) await roots.inside(place, "network");
  }
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
