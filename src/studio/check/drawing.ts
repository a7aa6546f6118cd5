/** @file The graph beside the text: the nets that train, validate and deploy, laid over each other. */
import { laidOver } from "../../job/drawing/graph.ts";
import { type LayerFacts, placedNet } from "../../job/drawing/placed-net.ts";
import type { JobState } from "../../job/states.ts";
import type { NetSummary } from "../../job/summary.ts";
import { type LayerParameter, locationOf } from "../../schema/index.ts";
import type { DrawnNet } from "../api-types.ts";
import type { StatedNet } from "./states.ts";

type Summaries = { readonly [State in JobState]?: NetSummary | undefined };

/** More layers are no graph to look at beside a text; `cortado draw-net` draws them. */
const MOST_LAYERS = 400;
/** Room for the marks of the states at the right of a card's head. */
const MARKS_WIDTH = 50;
const PHASES = { train: "TRAIN", val: "TEST", deploy: "TEST" } as const;
const STATES = ["train", "val", "deploy"] as const;

/**
 * @param wrong the line of the layer that cannot be built
 * @returns undefined for a net that is empty or too large to be looked at
 */
export async function drawnNet(
  net: StatedNet,
  summaries: Summaries,
  wrong: number | undefined,
): Promise<DrawnNet | undefined> {
  if (net.layers.length === 0 || net.layers.length > MOST_LAYERS) return undefined;
  const nets = STATES.map((state) => ({
    phase: PHASES[state],
    layers: net.layers.filter((layer) => net.statesOf(layer).has(state)),
  }));
  const graph = { ...laidOver(nets, net.layers), states: [] };
  const placed = await placedNet(graph, factsIn(net, summaries), MARKS_WIDTH);
  const about = (layer: LayerParameter) => {
    const line = locationOf(layer)?.line;
    return {
      ...{ name: layer.name ?? "", type: layer.type ?? "", states: [...net.statesOf(layer)] },
      ...(line === undefined ? {} : { line }),
      isWrong: line !== undefined && line === wrong,
    };
  };
  return {
    ...placed,
    layers: placed.layers.map(({ layer, rows, ...card }) => ({
      ...{ ...card, ...about(layer) },
      rows: rows.map(({ layer: inPlace, ...row }) => ({ ...row, ...about(inPlace) })),
    })),
  };
}

function factsIn(net: StatedNet, summaries: Summaries): Map<LayerParameter, LayerFacts> {
  const facts = new Map<LayerParameter, LayerFacts>();
  for (const layer of net.layers) {
    for (const state of STATES) {
      if (facts.has(layer) || !net.statesOf(layer).has(state)) continue;
      const built = summaries[state]?.layers.find(({ name }) => name === (layer.name ?? ""));
      if (!built) continue;
      const topShapes = built.tops.map(({ shape }) => shape);
      facts.set(layer, { topShapes, parameters: built.parameters });
    }
  }
  return facts;
}
