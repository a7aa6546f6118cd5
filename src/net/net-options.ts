/** @file How a net is loaded. */
import type { FenceOptions } from "../core/fence-options.ts";
import type { Logger } from "../core/logger.ts";
import type { RandomSource } from "../core/random.ts";
import type { DeviceChoice } from "../device/index.ts";
import { NetDefinitionError } from "../errors.ts";
import type { Phase } from "../schema/index.ts";

/** Everything that is not in the prototxt. */
export interface NetOptions {
  /** TRAIN or TEST; default: what the prototxt's `state` says, else TEST. */
  readonly phase?: Phase | undefined;
  readonly level?: number | undefined;
  readonly stages?: readonly string[] | undefined;
  /** Caffemodels to copy trained layers from, in order. */
  readonly weights?: string | readonly string[] | undefined;
  readonly device?: DeviceChoice | undefined;
  /** Folders or files in which custom layers are looked for, before the prototxt's own folder. */
  readonly layers?: string | readonly string[] | undefined;
  /**
   * Runs each custom layer in a process of its own without files, network and other programs, with
   * limits on time and memory: for layers of strangers. Default: false, they run in this process.
   */
  readonly fence?: boolean | FenceOptions | undefined;
  /** What relative paths inside the prototxt are relative to; default: the working directory. */
  readonly root?: string | undefined;
  readonly seed?: number | undefined;
  /** The generator to draw from, in place of one seeded by `seed`. */
  readonly random?: RandomSource | undefined;
  readonly logger?: Logger | undefined;
  readonly threads?: number | undefined;
  /** Only outputs will be looked at: activation memory may be used again. */
  readonly outputsOnly?: boolean | undefined;
}

/** For callers without types. */
export function checkPhase({ phase }: NetOptions): void {
  if (phase !== undefined && phase !== "TRAIN" && phase !== "TEST") {
    throw new NetDefinitionError(`a phase is "TRAIN" or "TEST", not "${phase}"`);
  }
}

export function asList(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}
