/** @file The layers of a text in the order in which they are shown, and the nets that each is part of. */
import { isDataLayer } from "../../job/data-layers.ts";
import { type JobState, statedLayers } from "../../job/states.ts";
import {
  type LayerParameter,
  type NetParameter,
  copyMessage,
  createMessage,
} from "../../schema/index.ts";

export interface StatedNet {
  readonly name: string;
  readonly layers: readonly LayerParameter[];
  statesOf(layer: LayerParameter): ReadonlySet<JobState>;
}

/**
 * @param data the data layers as the job has them, in place of those of the text; those of the text
 * themselves if absent
 */
export function layersByState(net: NetParameter, data?: readonly LayerParameter[]): StatedNet {
  const stated = statedLayers(net).filter(({ layer }) => layer.type !== "Input");
  const states = new Map(stated.map(({ layer, states: of }) => [layer, of]));
  const own = stated.map(({ layer }) => layer);
  if (!data) return { name: net.name ?? "", layers: own, statesOf: (layer) => states.get(layer)! };
  const shown = data.map(withShortSource);
  for (const layer of shown) {
    states.set(layer, new Set([layer.include[0]?.phase === "TRAIN" ? "train" : "val"]));
  }
  const input = createMessage("LayerParameter", { name: "data", type: "Input", top: ["data"] });
  states.set(input, new Set(["deploy"]));
  const layers = [...shown, input, ...own.filter((layer) => !isDataLayer(layer))];
  return { name: net.name ?? "", layers, statesOf: (layer) => states.get(layer) ?? new Set() };
}

/** The folders of the dataset, wherever it lies. */
function withShortSource(layer: LayerParameter): LayerParameter {
  const { dataParam } = layer;
  if (dataParam?.source === undefined) return layer;
  const source = dataParam.source.split("/").slice(-2).join("/");
  return copyMessage(layer, {
    dataParam: createMessage("DataParameter", { ...dataParam, source }),
  });
}
