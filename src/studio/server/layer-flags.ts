/** @file How custom layers run in the commands and processes of the studio. */
import type { FenceOptions } from "../../core/fence-options.ts";
import type { Context } from "./context.ts";

type Trust = Pick<Context, "roots" | "trustedLayers">;

/**
 * Uploaded layers run fenced: one that misbehaves harms its own job only. It may read the job's folder,
 * and those that datasets come from.
 */
export function layerFence(id: string, { roots, trustedLayers }: Trust): FenceOptions | false {
  return trustedLayers ? false : { read: roots.readable(id) };
}

/** The same as flags of the command line. */
export function layerFlags(id: string, context: Trust): string[] {
  const fence = layerFence(id, context);
  return fence ? ["--fence-layers", `--fence-read=${fence.read?.join(",")}`] : [];
}
