/** @file The flags that fence custom layers in. */
import { resolve } from "node:path";
import type { FenceOptions } from "../core/fence-options.ts";
import { UsageError } from "../errors.ts";
import { list } from "./caffe-flags.ts";
import type { Flag, FlagValues } from "./command.ts";

export const fenceFlag = {
  type: "boolean",
  summary: "run custom layers in processes without files and network",
  default: false,
} as const satisfies Flag;

export const fenceReadFlag = {
  type: "string",
  value: "DIRS",
  summary: "with --fence-layers: folders whose files they may read, separated by ','",
} as const satisfies Flag;

/** @throws UsageError for folders without a fence, which would say nothing */
export function fenceOf(flags: FlagValues, cwd: string): FenceOptions | false {
  const read = list(flags, "fence-read").map((folder) => resolve(cwd, folder));
  if (flags["fence-layers"] === true) return { read };
  if (read.length === 0) return false;
  throw new UsageError("--fence-read is for fenced layers; give --fence-layers, too");
}
