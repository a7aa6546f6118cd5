/** @file What of a net looks like a mistake. */
import type { Net } from "../net/net.ts";
import type { NetParameter } from "../schema/index.ts";
import type { CropAdvice } from "./crop-offset.ts";
import { zeroInitialized } from "./zero-initialized.ts";

const METRICS = /Loss$|^(Accuracy|Python|Silence|Softmax|ArgMax|Sigmoid|HDF5Output)$/;

/** Warnings, each a sentence that says what to do. */
export function summaryWarnings(
  net: Net,
  param: NetParameter,
  crops: readonly CropAdvice[],
  weights?: NetParameter,
): string[] {
  return [
    ...zeroWarnings(net, param, weights),
    ...crops.flatMap(cropWarning),
    ...unusedWarnings(net),
    ...(weights ? weightWarnings(net, weights) : []),
  ];
}

function zeroWarnings(net: Net, param: NetParameter, weights?: NetParameter): string[] {
  const built = new Set(net.layers.map(({ name }) => name));
  const given = new Set(weights?.layer.filter(({ blobs }) => blobs.length).map(({ name }) => name));
  const zero = zeroInitialized(param).filter((name) => built.has(name) && !given.has(name));
  if (zero.length === 0) return [];
  const fix = weights ? "" : ", or train from weights that have these layers";
  return [
    `${zero.join(", ")}: all weights start at 0, as there is no weight_filler. Give one${fix}.`,
  ];
}

function cropWarning({ layer, given, wanted }: CropAdvice): string[] {
  const differs = given.some((offset, axis) => offset !== undefined && offset !== wanted[axis]);
  if (!differs) return [];
  const whole = wanted.every((offset) => Number.isInteger(offset) && offset >= 0);
  const advice = whole
    ? "give that offset"
    : "no offset lines them up; change a padding or a kernel size";
  const is = given.map((offset) => offset ?? "-").join(", ");
  return [
    `${layer}: offset is ${is} (height, width), but its bottoms lie over each other at ` +
      `${wanted.join(", ")}: ${advice}.`,
  ];
}

/** Tops that nothing reads, where they are no result. */
function unusedWarnings(net: Net): string[] {
  const hasLoss = net.layers.some(({ lossWeights }) => lossWeights.some((weight) => weight !== 0));
  return net.outputs.flatMap((output) => {
    const source = net.layers.findLast(({ tops }) => tops.includes(output));
    if (!source || METRICS.test(source.type)) return [];
    if (source.type === "Input") return [`${output}: no layer reads this input.`];
    return hasLoss ? [`${output} (top of ${source.name}): no layer reads it.`] : [];
  });
}

/** Layers whose weights will not come out of the file as they are. */
function weightWarnings(net: Net, weights: NetParameter): string[] {
  const saved = new Map(weights.layer.map((layer) => [layer.name, layer.blobs.length]));
  const learning = net.layers.filter(({ blobs }) => blobs.length > 0);
  const missing = learning.filter(({ name }) => !saved.has(name)).map(({ name }) => name);
  return missing.length === 0 ? [] : [`not in the weights file: ${missing.join(", ")}.`];
}
