/** @file Receptive fields: how many pixels of the input one pixel of a blob can see. */
import type { LayerParameter } from "../schema/index.ts";
import { windowsOf } from "./coordinate-map.ts";

/** Along height, in pixels of the net's input. */
export interface Field {
  readonly size: number;
  /** Pixels of the input between two neighbours. */
  readonly jump: number;
}

/** What is known of each blob; a blob that is not in it is an input, or sees all there is. */
export type Fields = Map<string, Field | undefined>;

/** The field of a layer's tops, from its bottoms with the largest one; undefined where a layer sees everything. */
export function fieldBehind(layer: LayerParameter, fields: Fields): Field | undefined {
  const bottoms = layer.bottom.map((name) => (fields.has(name) ? fields.get(name) : PIXEL));
  if (bottoms.length === 0 || bottoms.some((field) => !field)) return undefined;
  const widest = bottoms.reduce((a, b) => (b!.size > a!.size ? b : a))!;
  if (SEES_ALL.has(layer.type ?? "") || isGlobal(layer)) return undefined;
  const window = windowsOf(layer)?.[0];
  if (!window) return widest;
  const { kernel, stride, dilation } = window;
  if (layer.type === "Deconvolution") {
    const inputs = Math.ceil(kernel / stride);
    return { size: widest.size + (inputs - 1) * widest.jump, jump: widest.jump / stride };
  }
  return {
    size: widest.size + (kernel - 1) * dilation * widest.jump,
    jump: widest.jump * stride,
  };
}

const PIXEL: Field = { size: 1, jump: 1 };
const SEES_ALL = new Set(
  "Accuracy EuclideanLoss Flatten InnerProduct LSTM MVN Python Reduction Reshape RNN SoftmaxWithLoss SPP".split(
    " ",
  ),
);

function isGlobal(layer: LayerParameter): boolean {
  return layer.type === "Pooling" && (layer.poolingParam?.globalPooling ?? false);
}
