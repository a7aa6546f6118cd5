/** @file Running a compiled layer file: its exports, and which of its lines an error came from. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { compileFunction, constants } from "node:vm";
import { CaffeError, CustomLayerError, type Location } from "../errors.ts";
import { type CompiledLayer, compileLayerFile } from "./compile.ts";
import { type HostModules, loadHostModules } from "./host-modules.ts";
import { type LayerClass, isLayerClass } from "./layer.ts";
import { displayPath, excerptAt } from "./source-position.ts";

/** A layer file that has been loaded. */
export interface LayerModule {
  readonly file: string;
  /** The layer classes that the file exports, by their names. */
  readonly classes: ReadonlyMap<string, LayerClass>;
  /** What else it exports: names for messages. */
  readonly otherExports: readonly string[];
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

function evaluate(compiled: CompiledLayer, cortadoHost: HostModules): LayerModule {
  const { file, code } = compiled;
  const hash = createHash("sha256").update(code).digest("hex").slice(0, 8);
  // Names the code in stack traces; unlike the file's name, nothing else has it.
  const scriptName = `${file}?${hash}`;
  const errorFrom = (thrown: unknown, subject: string, advice = "") => {
    const text = `${subject}${describe(thrown)}${advice}`;
    return layerError(thrown, text, file, positionInStack(thrown, scriptName, compiled));
  };
  const module: { exports: Record<string, unknown> } = { exports: {} };
  const scope = {
    module,
    exports: module.exports,
    require: createRequire(file),
    __filename: file,
    __dirname: dirname(file),
    cortadoHost,
  };
  try {
    compileFunction(code, Object.keys(scope), {
      filename: scriptName,
      importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    })(...Object.values(scope));
  } catch (thrown) {
    throw errorFrom(thrown, "");
  }
  const classes = new Map<string, LayerClass>();
  const otherExports: string[] = [];
  for (const [name, value] of Object.entries(module.exports)) {
    if (isLayerClass(value)) classes.set(name === "default" ? value.name : name, value);
    else otherExports.push(name);
  }
  return { file, classes, otherExports, errorFrom };
}

/** The innermost line of the user's own code on the stack, which may lie below TensorFlow.js's. */
function positionInStack(
  thrown: unknown,
  scriptName: string,
  compiled: CompiledLayer,
): Location | undefined {
  const stack = thrown instanceof Error ? (thrown.stack ?? "") : "";
  const start = stack.indexOf(`${scriptName}:`);
  if (start < 0) return undefined;
  const [, line, column] = /^:(\d+):(\d+)/.exec(stack.slice(start + scriptName.length)) ?? [];
  return line && column ? compiled.originOf(Number(line), Number(column)) : undefined;
}

function layerError(
  thrown: unknown,
  text: string,
  file: string,
  location: Location | undefined,
): CustomLayerError {
  const place = location ? "" : `${displayPath(file)}: `;
  return new CustomLayerError(`${place}${text}`, {
    location,
    excerpt: location && excerptAt(readFileSync(location.file, "utf8"), location),
    cause: thrown,
  });
}

/** A message without a stack; the class's name only where it tells more than "Error". */
function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  if (thrown.message === "Tensor is disposed.") {
    return "this tensor was freed when the method that made it returned or awaited; tf.keep(tensor) saves it";
  }
  if ("code" in thrown && thrown.code === "MODULE_NOT_FOUND") {
    // Node lists below this line who asked for it.
    return `${thrown.message.split("\n")[0]}: install it beside this file`;
  }
  const isPlain = thrown instanceof CaffeError || thrown.name === "Error";
  return isPlain ? thrown.message : `${thrown.name}: ${thrown.message}`;
}
