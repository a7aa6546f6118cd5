/** @file The flags that Caffe's own commands share, and what several of them do with theirs. */
import type { CpuOptions } from "../device/index.ts";
import { UsageError } from "../errors.ts";
import type { Flag, FlagValues } from "./command.ts";
import { logFlags } from "./command-logger.ts";

/** All flags of Caffe's `caffe`, with its defaults. */
const caffeFlags = {
  solver: { type: "string", value: "FILE", summary: "the solver prototxt", default: "" },
  model: { type: "string", value: "FILE", summary: "the net's prototxt", default: "" },
  snapshot: {
    type: "string",
    value: "FILE",
    summary: "the .solverstate to resume training from",
    default: "",
  },
  weights: {
    type: "string",
    value: "FILES",
    summary: "trained weights to start from, separated by ','; not with -snapshot",
    default: "",
  },
  iterations: { type: "int32", summary: "the number of iterations to run", default: 50 },
  phase: { type: "string", summary: "network phase: TRAIN (the default) or TEST", default: "" },
  level: { type: "int32", summary: "network level", default: 0 },
  stage: {
    type: "string",
    value: "LIST",
    summary: "network stages (not to be confused with phase), separated by ','",
    default: "",
  },
  sigint_effect: {
    type: "string",
    value: "EFFECT",
    summary: "what SIGINT (Ctrl-C) does: snapshot, stop or none",
    default: "stop",
  },
  sighup_effect: {
    type: "string",
    value: "EFFECT",
    summary: "what SIGHUP does: snapshot, stop or none",
    default: "snapshot",
  },
  gpu: {
    type: "string",
    value: "IDS",
    summary: "the GPU to use, by number, or all; of several the first is taken",
    default: "",
  },
} as const satisfies Record<string, Flag>;

/** Flags of every command that builds a net. */
export const netFlags = {
  layers: {
    type: "string",
    value: "PATHS",
    summary: "folders or files of custom layers, separated by ','",
  },
  device: {
    type: "string",
    value: "NAME",
    summary: "what to compute on: cpu, webgpu, tfjs, or auto for the best that is there",
  },
  threads: { type: "int32", summary: "threads to compute with; one a core if absent" },
  engine: {
    type: "string",
    value: "native|wasm",
    summary: "compute in C, which npm install builds where there is a compiler, or in WebAssembly",
  },
} as const satisfies Record<string, Flag>;

/**
 * The flags of one of Caffe's commands. As in Caffe each of them takes the flags of all of them and
 * does nothing with those of the others.
 * @param own the names of those that it uses
 */
export function caffeCommandFlags(
  own: readonly (keyof typeof caffeFlags)[],
): Readonly<Record<string, Flag>> {
  const isOwn = (name: string) => own.some((used) => used === name);
  const flags = Object.entries(caffeFlags).map(
    ([name, flag]) => [name, isOwn(name) ? flag : { ...flag, hidden: true }] as const,
  );
  return { ...Object.fromEntries(flags), ...netFlags, ...logFlags };
}

export function text(flags: FlagValues, name: string): string {
  return String(flags[name] ?? "");
}

/** A flag's list, without empty entries. */
export function list(flags: FlagValues, name: string): string[] {
  return text(flags, name)
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

/** The stages of `-stage`; one empty name where it is not given, as in Caffe. */
export function stages(flags: FlagValues): string[] {
  return text(flags, "stage").split(",");
}

/** @throws UsageError for `-iterations` below 1 */
export function iterations(flags: FlagValues): number {
  const count = Number(flags.iterations);
  if (count < 1) throw new UsageError(`--iterations is ${count}; give at least 1`);
  return count;
}

/** Options of `Net.load` and `Solver.load` that the shared flags give. */
export function netOptions(flags: FlagValues): { layers?: string[]; threads?: number } {
  const layers = list(flags, "layers");
  const { threads } = cpuOptions(flags);
  return {
    ...(layers.length > 0 ? { layers } : {}),
    ...(threads === undefined ? {} : { threads }),
  };
}

/** How the CPU computes; on a GPU, what the host still does. */
export function cpuOptions(flags: FlagValues): CpuOptions {
  const { threads } = flags;
  if (threads !== undefined && Number(threads) < 1) {
    throw new UsageError(`--threads is ${threads}; give a whole number of at least 1`);
  }
  return {
    ...(threads === undefined ? {} : { threads: Number(threads) }),
    ...(flags.engine === undefined ? {} : { engine: engineOf(flags) }),
  };
}

function engineOf(flags: FlagValues): "native" | "wasm" {
  const engine = text(flags, "engine");
  if (engine === "native" || engine === "wasm") return engine;
  throw new UsageError(`--engine is "native" or "wasm", not "${engine}"`);
}
