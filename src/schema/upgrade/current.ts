/** @file Upgrades of nets whose layers are of today: input fields and BatchNorm parameters. */
import type { BlobShape, LayerParameter, NetParameter } from "../generated/messages.ts";
import { copyMessage, createMessage } from "../message.ts";
import { problemAt } from "./problem.ts";

/** Sizes that `input_dim` gives each input. */
const INPUT_AXES = 4;

/**
 * Turns `input` with `input_shape` or `input_dim` into one Input layer, put first. Inputs without
 * any shape, as old weight files have them, are dropped (BVLC `UpgradeNetInput`).
 * @throws NetDefinitionError if there are fewer shapes than inputs
 */
export function upgradeInputs(net: NetParameter): NetParameter {
  const hasShape = net.inputShape.length > 0 || net.inputDim.length > 0;
  const layer = hasShape ? [inputLayer(net), ...net.layer] : net.layer;
  return copyMessage(net, { input: [], inputShape: [], inputDim: [], layer });
}

function inputLayer(net: NetParameter): LayerParameter {
  return createMessage("LayerParameter", {
    name: "input",
    type: "Input",
    top: [...net.input],
    inputParam: createMessage("InputParameter", {
      shape: net.input.map((_, index) => shapeOf(net, index)),
    }),
  });
}

function shapeOf(net: NetParameter, index: number): BlobShape {
  if (net.inputShape.length > 0) {
    return net.inputShape[index] ?? failAtInputs(net, "one input_shape each", "inputShape");
  }
  const dim = net.inputDim.slice(INPUT_AXES * index, INPUT_AXES * (index + 1));
  if (dim.length < INPUT_AXES) failAtInputs(net, "four input_dim each", "inputDim");
  return createMessage("BlobShape", { dim });
}

function failAtInputs(net: NetParameter, wanted: string, field: "inputShape" | "inputDim"): never {
  throw problemAt(
    net,
    `${net.input.length} inputs need ${wanted}, but the net has ${net[field].length} in all`,
    field,
  );
}

const isOldBatchNorm = (layer: LayerParameter): boolean =>
  layer.type === "BatchNorm" && layer.param.length === 3;

export function needsBatchNormUpgrade(net: NetParameter): boolean {
  return net.layer.some(isOldBatchNorm);
}

/**
 * Keeps the solver from training the three statistics of BatchNorm layers: old nets had to say so
 * (BVLC `UpgradeNetBatchNorm`).
 */
export function upgradeBatchNorms(net: NetParameter): NetParameter {
  const layer = net.layer.map((old) => {
    if (!isOldBatchNorm(old)) return old;
    const param = old.param.map((spec) => copyMessage(spec, { lrMult: 0, decayMult: 0 }));
    return copyMessage(old, { param });
  });
  return copyMessage(net, { layer });
}
