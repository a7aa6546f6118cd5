/** @file Errors of files and databases that a prototxt names. */
import { join } from "node:path";
import type { LayerContext } from "../core/layer.ts";
import { DataSourceError, ModelFileError } from "../errors.ts";
import { excerptOf, locationOf } from "../schema/index.ts";

/**
 * An error of a file with the layer, and the place of the field that names the file. Where relative
 * names are meant from the working directory, it tells them from there too, as Caffe does.
 * @returns other errors as they are
 */
export function sourceError(context: LayerContext, field: string, error: unknown): unknown {
  const { param } = context;
  const isOfFile = error instanceof DataSourceError || error instanceof ModelFileError;
  if (!isOfFile || error.location) return error;
  const { name = "", type = "" } = param;
  const Kind = error instanceof DataSourceError ? DataSourceError : ModelFileError;
  const folder = context.resolvePath("");
  const isHere = folder === process.cwd();
  const problem = isHere ? error.message.replaceAll(join(folder, "/"), "") : error.message;
  return new Kind(`layer "${name}" (${type}): ${problem}`, {
    location: locationOf(param, field),
    excerpt: excerptOf(param, field),
    cause: error,
  });
}
