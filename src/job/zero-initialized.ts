/** @file Layers whose weights all start at zero: the reason for most nets that "learn background only". */
import type { FillerParameter, LayerParameter, NetParameter } from "../schema/index.ts";

/** Names of the Convolution, Deconvolution and InnerProduct layers that no filler takes off zero. */
export function zeroInitialized(net: NetParameter): string[] {
  const names = net.layer
    .filter((layer) => isWeighted(layer) && layer.blobs.length === 0 && startsAtZero(layer))
    .map((layer) => layer.name ?? "");
  return [...new Set(names)];
}

function isWeighted(layer: LayerParameter): boolean {
  return ["Convolution", "Deconvolution", "InnerProduct"].includes(layer.type ?? "");
}

function startsAtZero(layer: LayerParameter): boolean {
  const filler: FillerParameter | undefined =
    layer.convolutionParam?.weightFiller ?? layer.innerProductParam?.weightFiller;
  // Caffe's default filler is the constant 0.
  return (filler?.type ?? "constant") === "constant" && (filler?.value ?? 0) === 0;
}
