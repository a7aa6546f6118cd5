/** @file What a fenced layer finds in "cortado": what layers use, and refusals for the rest. */
import { Blob } from "../../../core/blob.ts";
import { createRandom } from "../../../core/random.ts";
import {
  CaffeError,
  CustomLayerError,
  DataSourceError,
  ModelFileError,
  NetDefinitionError,
  PrototxtError,
  UsageError,
} from "../../../errors.ts";
import { Layer } from "../../layer.ts";
import { parseParamStr } from "../../param-str.ts";
import { prefetch } from "../../prefetch.ts";
import { loadImage, readNpy } from "./files.ts";

const available: Readonly<Record<string, unknown>> = {
  ...{ Blob, Layer, createRandom, parseParamStr, prefetch, loadImage, readNpy },
  ...{ CaffeError, CustomLayerError, DataSourceError, ModelFileError, NetDefinitionError },
  ...{ PrototxtError, UsageError },
};

/** @param names what "cortado" exports outside the fence */
export function exportsForLayers(names: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(names.map((name) => [name, available[name] ?? missing(name)]));
}

/** Something that can neither be called, made nor looked into. */
function missing(name: string): unknown {
  const refuse = () => {
    throw new Error(`${name} of "cortado" is not there for a fenced layer`);
  };
  return new Proxy(refuse, { get: refuse, apply: refuse, construct: refuse });
}
