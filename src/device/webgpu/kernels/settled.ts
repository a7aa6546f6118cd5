/** @file Reading a layer's parameters again: the layer was set up, so there is nothing to complain about. */
import type { LayerContext } from "../../../core/layer.ts";
import type { KernelRequest } from "../../device.ts";

/** What helpers of src/layers want, for a layer that they have checked already. */
export function settled({ param }: KernelRequest): Pick<LayerContext, "param" | "fail"> {
  return { param, fail };
}

function fail(problem: string): never {
  throw new Error(`internal: the layer let pass: ${problem}`);
}
