/** @file Layers that Caffe builds out of another layer. */
import type { LayerContext } from "../../core/layer.ts";

/** Writes the line by which Caffe's log shows that a layer made an inner one, under its own name. */
export function logInnerLayer({ logger, param }: LayerContext): void {
  logger.log("info", "layer_factory.hpp:77", `Creating layer ${param.name ?? ""}`);
}
