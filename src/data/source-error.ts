/** @file Errors of files and databases that a prototxt names. */
import type { LayerContext } from "../core/layer.ts";
import { DataSourceError, ModelFileError } from "../errors.ts";
import { excerptOf, locationOf } from "../schema/index.ts";

/**
 * An error of a file with the layer, and the place of the field that names the file.
 * @returns other errors as they are
 */
export function sourceError({ param }: LayerContext, field: string, error: unknown): unknown {
  const isOfFile = error instanceof DataSourceError || error instanceof ModelFileError;
  if (!isOfFile || error.location) return error;
  const { name = "", type = "" } = param;
  const Kind = error instanceof DataSourceError ? DataSourceError : ModelFileError;
  return new Kind(`layer "${name}" (${type}): ${error.message}`, {
    location: locationOf(param, field),
    excerpt: excerptOf(param, field),
    cause: error,
  });
}
