/** @file Which layers run backward: those between a parameter that learns and a loss. */
import type { Logger } from "../core/logger.ts";

/** What the passes below read and write of each layer. */
export interface BackwardNeeds {
  readonly name: string;
  readonly bottoms: readonly string[];
  readonly tops: readonly string[];
  readonly lossWeights: readonly number[];
  readonly propagateDown: boolean[];
  needsBackward: boolean;
}

/** Walks from the last layer up and leaves out what no loss depends on (BVLC Net::Init). */
export function restrictToLoss(layers: readonly BackwardNeeds[], logger: Logger): void {
  const underLoss = new Set<string>();
  const skipped = new Set<string>();
  for (const layer of layers.toReversed()) {
    const contributes = layer.tops.some((top, i) => layer.lossWeights[i] || underLoss.has(top));
    const allSkipped = layer.tops.every((top) => skipped.has(top));
    if (layer.needsBackward && allSkipped) {
      layer.needsBackward = false;
      layer.propagateDown.fill(false);
    }
    if (!contributes) layer.needsBackward = false;
    logNeed(layer, logger);
    layer.bottoms.forEach((bottom, i) => {
      if (contributes) underLoss.add(bottom);
      else layer.propagateDown[i] = false;
      if (!layer.propagateDown[i]) skipped.add(bottom);
    });
  }
}

function logNeed({ name, needsBackward }: BackwardNeeds, logger: Logger): void {
  if (needsBackward) logger.log("info", "net.cpp:200", `${name} needs backward computation.`);
  else logger.log("info", "net.cpp:202", `${name} does not need backward computation.`);
}
