/** @file V0 nets, all settings of a layer in one message, become V1 nets (BVLC `UpgradeV0Net`). */
import { messageDescriptor } from "../descriptor.ts";
import type {
  MessageName,
  NetParameter,
  V0LayerParameter,
  V1LayerParameter,
} from "../generated/messages.ts";
import {
  createMessage,
  deriveMessage,
  emptyMessage,
  type FieldValues,
  originOf,
} from "../message.ts";
import { fieldNumberOf } from "../wire.ts";
import type { UpgradeLog } from "./log.ts";
import { problemAt } from "./problem.ts";

type V1Type = NonNullable<V1LayerParameter["type"]>;

const TYPES: Readonly<Record<string, V1Type>> = {
  accuracy: "ACCURACY",
  bnll: "BNLL",
  concat: "CONCAT",
  conv: "CONVOLUTION",
  data: "DATA",
  dropout: "DROPOUT",
  euclidean_loss: "EUCLIDEAN_LOSS",
  flatten: "FLATTEN",
  hdf5_data: "HDF5_DATA",
  hdf5_output: "HDF5_OUTPUT",
  im2col: "IM2COL",
  images: "IMAGE_DATA",
  infogain_loss: "INFOGAIN_LOSS",
  innerproduct: "INNER_PRODUCT",
  lrn: "LRN",
  multinomial_logistic_loss: "MULTINOMIAL_LOGISTIC_LOSS",
  pool: "POOLING",
  relu: "RELU",
  sigmoid: "SIGMOID",
  softmax: "SOFTMAX",
  softmax_loss: "SOFTMAX_LOSS",
  split: "SPLIT",
  tanh: "TANH",
  window_data: "WINDOW_DATA",
};

/** Where a V0 field goes: by layer type, the V1 parameter message; and the field's name in there. */
interface Rule {
  readonly from: keyof V0LayerParameter;
  /** The V1 parameter messages by V0 type, or one for every type. */
  readonly into: Readonly<Record<string, keyof V1LayerParameter>> | keyof V1LayerParameter;
  /** The new name, where it is another one. */
  readonly to?: string;
  /** The line of upgrade_proto.cpp that complains of the field in a layer of another type. */
  readonly line: number;
}

const weighted = { conv: "convolutionParam", innerproduct: "innerProductParam" } as const;
const windowed = { conv: "convolutionParam", pool: "poolingParam" } as const;
const images = { images: "imageDataParam" } as const;
const windows = { window_data: "windowDataParam" } as const;
const skipping = { data: "dataParam", ...images } as const;
const batched = { ...skipping, hdf5_data: "hdf5DataParam", ...windows } as const;
const normalising = { lrn: "lrnParam" } as const;

const RULES: readonly Rule[] = [
  { from: "numOutput", into: weighted, line: 237 },
  { from: "biasterm", to: "biasTerm", into: weighted, line: 249 },
  { from: "weightFiller", into: weighted, line: 261 },
  { from: "biasFiller", into: weighted, line: 273 },
  { from: "pad", into: windowed, line: 283 },
  { from: "kernelsize", to: "kernelSize", into: windowed, line: 295 },
  { from: "group", into: { conv: "convolutionParam" }, line: 304 },
  { from: "stride", into: windowed, line: 316 },
  { from: "pool", into: { pool: "poolingParam" }, line: 341 },
  { from: "dropoutRatio", into: { dropout: "dropoutParam" }, line: 350 },
  { from: "localSize", into: normalising, line: 359 },
  { from: "alpha", into: normalising, line: 367 },
  { from: "beta", into: normalising, line: 375 },
  { from: "k", into: normalising, line: 383 },
  { from: "source", into: { ...batched, infogain_loss: "infogainLossParam" }, line: 403 },
  { from: "scale", into: "transformParam", line: 0 },
  { from: "meanfile", to: "meanFile", into: "transformParam", line: 0 },
  { from: "batchsize", to: "batchSize", into: batched, line: 428 },
  { from: "cropsize", to: "cropSize", into: "transformParam", line: 0 },
  { from: "mirror", into: "transformParam", line: 0 },
  { from: "randSkip", into: skipping, line: 448 },
  { from: "shuffleImages", to: "shuffle", into: images, line: 457 },
  { from: "newHeight", into: images, line: 466 },
  { from: "newWidth", into: images, line: 475 },
  { from: "concatDim", into: { concat: "concatParam" }, line: 484 },
  { from: "detFgThreshold", to: "fgThreshold", into: windows, line: 493 },
  { from: "detBgThreshold", to: "bgThreshold", into: windows, line: 502 },
  { from: "detFgFraction", to: "fgFraction", into: windows, line: 511 },
  { from: "detContextPad", to: "contextPad", into: windows, line: 520 },
  { from: "detCropMode", to: "cropMode", into: windows, line: 529 },
];

export const isV0 = (net: NetParameter): boolean => net.layers.some((layer) => layer.layer);

/**
 * Turns `layers { layer { ... } }` into V1 layers. Of the net's other fields only name, inputs and
 * force_backward are kept, as in Caffe.
 * @returns the net, and whether every field had a place in its layer's type; others are dropped
 * @throws NetDefinitionError for a layer type that never was one, or padding before a layer that
 *   cannot pad
 */
export function upgradeV0(
  net: NetParameter,
  log: UpgradeLog,
): { readonly net: NetParameter; readonly isComplete: boolean } {
  let isComplete = true;
  const layers = foldPadding(net).map((layer) =>
    upgradeLayer(layer, (field, type, line) => {
      isComplete = false;
      const source = `upgrade_proto.cpp:${line}`;
      log.log("error", source, `Unknown parameter ${field} for layer type ${type}`);
    }),
  );
  const { name, input, inputDim, forceBackward } = net;
  const kept = {
    ...(name === undefined ? {} : { name }),
    ...(forceBackward === undefined ? {} : { forceBackward }),
  };
  const upgraded = createMessage("NetParameter", { ...kept, input, inputDim, layers });
  return { net: deriveMessage("NetParameter", upgraded, net), isComplete };
}

function upgradeLayer(
  v1: V1LayerParameter,
  complain: (field: string, type: string, line: number) => void,
): V1LayerParameter {
  const v0 = v1.layer;
  // A V1 layer among V0 ones. Caffe keeps nothing of it but bottoms and tops.
  if (!v0) return v1;
  const layer: FieldValues = {
    ...emptyMessage("V1LayerParameter"),
    bottom: v1.bottom,
    top: v1.top,
  };
  const { blobs, blobsLr, weightDecay, type = "" } = v0;
  Object.assign(layer, { blobs, blobsLr, weightDecay });
  if (v0.name !== undefined) layer.name = v0.name;
  if (v0.type !== undefined) layer.type = upgradeType(v1, v0.type);
  for (const rule of RULES) {
    if (v0[rule.from] !== undefined && !applyRule(layer, v0, rule)) {
      complain(messageDescriptor("V0LayerParameter").byKey.get(rule.from)!.name, type, rule.line);
    }
  }
  if (v0.hdf5OutputParam && type === "hdf5_output") layer.hdf5OutputParam = v0.hdf5OutputParam;
  else if (v0.hdf5OutputParam) complain("hdf5_output_param", type, 538);
  for (const bytes of originOf(v0)?.unknown ?? []) {
    complain(`number ${fieldNumberOf(bytes)}`, type, 538);
  }
  return deriveMessage("V1LayerParameter", layer, v1);
}

function upgradeType(layer: V1LayerParameter, type: string): V1Type {
  if (Object.hasOwn(TYPES, type)) return TYPES[type]!;
  throw problemAt(layer, `Unknown layer name: ${type}`);
}

/** @returns false if the rule knows no place for its field in a layer of this type */
function applyRule(layer: FieldValues, v0: V0LayerParameter, rule: Rule): boolean {
  const type = v0.type ?? "";
  const { into } = rule;
  const paramKey =
    typeof into === "string" ? into : Object.hasOwn(into, type) ? into[type] : undefined;
  if (!paramKey) return false;
  const name: MessageName = messageDescriptor("V1LayerParameter").byKey.get(paramKey)!.message!;
  layer[paramKey] ??= deriveMessage(name, emptyMessage(name), v0);
  const param = layer[paramKey] as FieldValues;
  const key = rule.to ?? rule.from;
  const value = v0[rule.from];
  param[key] = messageDescriptor(name).byKey.get(key)!.repeated ? [value] : value;
  return true;
}

/** Padding layers become the `pad` of the layer after them (BVLC `UpgradeV0PaddingLayers`). */
function foldPadding(net: NetParameter): V1LayerParameter[] {
  const lastWriter = new Map<string, V1LayerParameter | undefined>();
  for (const input of net.input) lastWriter.set(input, undefined);
  const layers: V1LayerParameter[] = [];
  for (const layer of net.layers) {
    let folded = layer;
    for (const bottom of layer.bottom) {
      if (!lastWriter.has(bottom)) {
        throw problemAt(layer, `Unknown blob input ${bottom} to layer ${layer.layer?.name ?? ""}`);
      }
      const writer = lastWriter.get(bottom);
      if (writer?.layer?.type === "padding") folded = withPadding(layer, writer);
    }
    if (layer.layer?.type !== "padding") layers.push(folded);
    for (const top of layer.top) lastWriter.set(top, layer);
  }
  return layers;
}

function withPadding(layer: V1LayerParameter, padding: V1LayerParameter): V1LayerParameter {
  const type = layer.layer?.type ?? "";
  if (type !== "conv" && type !== "pool") {
    throw problemAt(
      layer,
      `Padding layer input to non-convolutional / non-pooling layer type ${type}`,
    );
  }
  if (layer.bottom.length !== 1) throw problemAt(layer, "Conv Layer takes a single blob as input.");
  if (padding.bottom.length !== 1) {
    throw problemAt(padding, "Padding Layer takes a single blob as input.");
  }
  if (padding.top.length !== 1) {
    throw problemAt(padding, "Padding Layer produces a single blob as output.");
  }
  const v0 = { ...layer.layer!, pad: padding.layer?.pad ?? 0 };
  const folded = { ...layer, layer: v0, bottom: [padding.bottom[0]!] };
  return deriveMessage("V1LayerParameter", folded, layer);
}
