/** @file What a net is loaded from: a path, the URL of a file, or a message. */
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "../core/logger.ts";
import { NetDefinitionError } from "../errors.ts";
import { completeMessage, type Draft, type NetParameter, upgradeNet } from "../schema/index.ts";
import { readNetParameter } from "./load-definition.ts";

/** A message may leave out what it has no use for. */
export type LoadableNet = string | URL | Draft<NetParameter>;

/** The net in its current form. */
export function netMessage(source: LoadableNet, logger: Logger): NetParameter {
  if (typeof source !== "object" || source === null) {
    if (typeof source === "string") return readNetParameter(source, logger);
    throw new NetDefinitionError(
      `a net is loaded from a path or a NetParameter, not ${String(source)}`,
    );
  }
  if (source instanceof URL) return readNetParameter(pathOf(source), logger);
  return upgradeNet(completeMessage("NetParameter", source), logger);
}

/** Where custom layers are looked for: `layers`, and the folder of the net's own file. */
export function layerPath(source: LoadableNet, layers: readonly string[]): readonly string[] {
  const isFile = typeof source === "string" || source instanceof URL;
  const own = isFile ? [dirname(resolve(pathOf(source)))] : [];
  return [...layers.map((path) => resolve(path)), ...own];
}

/** The path of a file that a program names by its path or, as ES modules do, by its URL. */
export function pathOf(file: string | URL): string {
  if (typeof file === "string") return file;
  if (file.protocol === "file:") return fileURLToPath(file);
  throw new NetDefinitionError(`a prototxt is read from a file, not from ${file.href}`);
}
