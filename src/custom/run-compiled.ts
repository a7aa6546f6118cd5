/** @file Running compiled layer code, in this process or a fenced one: its exports, and what it throws. */
import { compileFunction } from "node:vm";
import { CaffeError } from "../errors.ts";
import { type LayerClass, isLayerClass } from "./layer.ts";

/** A place in compiled code, from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface LayerExports {
  /** The layer classes that the code exports, by their names. */
  readonly classes: ReadonlyMap<string, LayerClass>;
  /** What else it exports: names for messages. */
  readonly otherExports: readonly string[];
}

/**
 * Evaluates CommonJS in which the names of `scope` are variables.
 * @param scriptName names the code in stack traces
 */
export function runCompiled(
  code: string,
  scriptName: string,
  scope: Readonly<Record<string, unknown>>,
  options: Pick<NonNullable<Parameters<typeof compileFunction>[2]>, "importModuleDynamically"> = {},
): LayerExports {
  const module: { exports: Record<string, unknown> } = { exports: {} };
  const variables = { ...scope, module, exports: module.exports };
  const body = compileFunction(code, Object.keys(variables), { filename: scriptName, ...options });
  body(...Object.values(variables));
  const classes = new Map<string, LayerClass>();
  const otherExports: string[] = [];
  for (const [name, value] of Object.entries(module.exports)) {
    if (isLayerClass(value)) classes.set(name === "default" ? value.name : name, value);
    else otherExports.push(name);
  }
  return { classes, otherExports };
}

/** The innermost line of the user's own code on the stack, which may lie below TensorFlow.js's. */
export function placeInStack(thrown: unknown, scriptName: string): Place | undefined {
  const stack = thrown instanceof Error ? String(thrown.stack ?? "") : "";
  const start = stack.indexOf(`${scriptName}:`);
  if (start < 0) return undefined;
  const [, line, column] = /^:(\d+):(\d+)/.exec(stack.slice(start + scriptName.length)) ?? [];
  return line && column ? { line: Number(line), column: Number(column) } : undefined;
}

/** A message without a stack; the class's name only where it tells more than "Error". */
export function describeThrown(thrown: unknown): string {
  try {
    return thrown instanceof Error ? describeError(thrown) : String(thrown);
  } catch {
    return "it threw something that cannot be shown as text";
  }
}

function describeError(thrown: Error): string {
  const message = String(thrown.message);
  if (message === "Tensor is disposed.") {
    return "this tensor was freed when the method that made it returned or awaited; tf.keep(tensor) saves it";
  }
  if ("code" in thrown && thrown.code === "MODULE_NOT_FOUND") {
    // Node lists below this line who asked for it.
    return `${message.split("\n")[0]}: install it beside this file`;
  }
  const isPlain = thrown instanceof CaffeError || thrown.name === "Error";
  return isPlain ? message : `${String(thrown.name)}: ${message}`;
}
