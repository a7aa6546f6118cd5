/** @file Loading a layer file into this process, and the errors that name its lines. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { constants } from "node:vm";
import { CustomLayerError, type Location } from "../errors.ts";
import { type CompiledLayer, compileLayerFile } from "./compile.ts";
import { type HostModules, loadHostModules } from "./host-modules.ts";
import { type LayerExports, describeThrown, placeInStack, runCompiled } from "./run-compiled.ts";
import { displayPath, excerptAt } from "./source-position.ts";

/** A layer file that has been loaded. */
export interface LayerModule extends LayerExports {
  readonly file: string;
  /**
   * An error for a user of the layer, from what its code threw; `subject` stands before the message,
   * `advice` behind it.
   */
  errorFrom(thrown: unknown, subject: string, advice?: string): CustomLayerError;
}

/** The last version of each file that was loaded: nets of one process share it until it changes. */
const loaded = new Map<string, { code: string; module: LayerModule }>();

/**
 * Loads a file, or takes the version in memory if neither it nor what it imports has changed.
 * @throws CustomLayerError for what does not compile, and for what throws while it is loaded.
 */
export async function loadLayerModule(file: string): Promise<LayerModule> {
  const hostModules = await loadHostModules();
  const compiled = await compileLayerFile(file, hostModules);
  const known = loaded.get(file);
  if (known?.code === compiled.code) return known.module;
  const module = evaluate(compiled, hostModules);
  loaded.set(file, { code: compiled.code, module });
  return module;
}

/** Names the code in stack traces; unlike the file's name, nothing else has it. */
export function scriptNameOf({ file, code }: CompiledLayer): string {
  return `${file}?${createHash("sha256").update(code).digest("hex").slice(0, 8)}`;
}

function evaluate(compiled: CompiledLayer, cortadoHost: HostModules): LayerModule {
  const { file, code } = compiled;
  const scriptName = scriptNameOf(compiled);
  const errorFrom = (thrown: unknown, subject: string, advice = "") => {
    const text = `${subject}${describeThrown(thrown)}${advice}`;
    const place = placeInStack(thrown, scriptName);
    return layerError(text, file, place && compiled.originOf(place.line, place.column), thrown);
  };
  const scope = {
    require: createRequire(file),
    __filename: file,
    __dirname: dirname(file),
    cortadoHost,
  };
  try {
    const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
    const exported = runCompiled(code, scriptName, scope, { importModuleDynamically });
    return { file, errorFrom, ...exported };
  } catch (thrown) {
    throw errorFrom(thrown, "");
  }
}

/** An error with its place in the layer's file, or with the file's name where it has no line. */
export function layerError(
  text: string,
  file: string,
  location: Location | undefined,
  cause?: unknown,
): CustomLayerError {
  const place = location ? "" : `${displayPath(file)}: `;
  return new CustomLayerError(`${place}${text}`, {
    location,
    excerpt: location && excerptAt(readFileSync(location.file, "utf8"), location),
    cause,
  });
}
