/** @file The three nets that one text describes: for training, for validation and for deployment. */
import { filterLayers, type State } from "../net/filter.ts";
import {
  type LayerParameter,
  type NetParameter,
  type Phase,
  copyMessage,
  createMessage,
} from "../schema/index.ts";

export const jobStates = {
  train: { phase: "TRAIN", level: 0, stages: ["train"] },
  val: { phase: "TEST", level: 0, stages: ["val"] },
  deploy: { phase: "TEST", level: 0, stages: ["deploy"] },
} as const satisfies Record<string, State>;

export type JobState = keyof typeof jobStates;

/** A layer of the user's text and the nets that it is part of. */
export interface StatedLayer {
  readonly layer: LayerParameter;
  readonly states: ReadonlySet<JobState>;
}

/** The layers of a text with their states, in order, by Caffe's include and exclude rules. */
export function statedLayers(net: NetParameter): StatedLayer[] {
  const names = ["train", "val", "deploy"] as const;
  const members = names.map((name) => new Set(filterLayers(net, jobStates[name])));
  return net.layer.map((layer) => ({
    layer,
    states: new Set(names.filter((_, index) => members[index]!.has(layer))),
  }));
}

/** The layer as `train_val.prototxt` has it, its rules rewritten as phases; undefined if it is in neither net. */
export function forTrainVal({ layer, states }: StatedLayer): LayerParameter | undefined {
  const train = states.has("train");
  const val = states.has("val");
  if (!train && !val) return undefined;
  return train && val ? withPhase(layer) : withPhase(layer, train ? "TRAIN" : "TEST");
}

/** The layer as `deploy.prototxt` has it; undefined if it is not in that net. */
export function forDeploy({ layer, states }: StatedLayer): LayerParameter | undefined {
  return states.has("deploy") ? withPhase(layer) : undefined;
}

/** The layer with all its rules replaced: by one for a phase, or by none. */
export function withPhase(layer: LayerParameter, phase?: Phase): LayerParameter {
  const include = phase === undefined ? [] : [createMessage("NetStateRule", { phase })];
  return copyMessage(layer, { include, exclude: [] });
}
