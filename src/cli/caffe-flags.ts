/** @file The flags that Caffe's own commands share, and what several of them do with theirs. */
import type { Logger } from "../core/logger.ts";
import { UsageError } from "../errors.ts";
import type { Flag, FlagValues } from "./command.ts";

export const gpuFlag: Flag = {
  type: "string",
  value: "IDS",
  summary: "GPUs to use; this version has none and refuses all but an empty list",
  default: "",
};

/** Flags that say which layers of a prototxt the net has. */
export const stateFlags = {
  level: { type: "number", summary: "network level", default: 0 },
  stage: {
    type: "string",
    value: "LIST",
    summary: "network stages (not to be confused with phase), separated by ','",
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
  threads: { type: "number", summary: "threads to compute with; one a core if absent" },
} as const satisfies Record<string, Flag>;

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

/** Options of `Net.load` and `Solver.load` that the shared flags give. */
export function netOptions(flags: FlagValues): { layers?: string[]; threads?: number } {
  const layers = list(flags, "layers");
  const threads = flags.threads;
  if (threads !== undefined && !(Number.isInteger(threads) && Number(threads) > 0)) {
    throw new UsageError(`--threads is ${threads}; give a whole number of at least 1`);
  }
  return {
    ...(layers.length > 0 ? { layers } : {}),
    ...(threads === undefined ? {} : { threads: Number(threads) }),
  };
}

/** @throws UsageError for `-gpu`, which asks for what this version does not have */
export function useCpu(flags: FlagValues, source: string, logger: Logger): void {
  const gpu = text(flags, "gpu");
  if (gpu !== "") {
    throw new UsageError(
      `Cannot use GPU ${gpu}: this version of cortado runs on the CPU only; leave -gpu out.`,
    );
  }
  logger.log("info", source, "Use CPU.");
}
