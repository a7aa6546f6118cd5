/** @file V1 nets, whose layers have an enum for their type, become nets of today (BVLC `UpgradeV1Net`). */
import { messageDescriptor } from "../descriptor.ts";
import type {
  LayerParameter,
  NetParameter,
  ParamSpec,
  V1LayerParameter,
} from "../generated/messages.ts";
import {
  copyMessage,
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

const TYPES: Readonly<Record<V1Type, string>> = {
  NONE: "",
  ABSVAL: "AbsVal",
  ACCURACY: "Accuracy",
  ARGMAX: "ArgMax",
  BNLL: "BNLL",
  CONCAT: "Concat",
  CONTRASTIVE_LOSS: "ContrastiveLoss",
  CONVOLUTION: "Convolution",
  DATA: "Data",
  DECONVOLUTION: "Deconvolution",
  DROPOUT: "Dropout",
  DUMMY_DATA: "DummyData",
  ELTWISE: "Eltwise",
  EUCLIDEAN_LOSS: "EuclideanLoss",
  EXP: "Exp",
  FLATTEN: "Flatten",
  HDF5_DATA: "HDF5Data",
  HDF5_OUTPUT: "HDF5Output",
  HINGE_LOSS: "HingeLoss",
  IM2COL: "Im2col",
  IMAGE_DATA: "ImageData",
  INFOGAIN_LOSS: "InfogainLoss",
  INNER_PRODUCT: "InnerProduct",
  LRN: "LRN",
  MEMORY_DATA: "MemoryData",
  MULTINOMIAL_LOGISTIC_LOSS: "MultinomialLogisticLoss",
  MVN: "MVN",
  POOLING: "Pooling",
  POWER: "Power",
  RELU: "ReLU",
  SIGMOID: "Sigmoid",
  SIGMOID_CROSS_ENTROPY_LOSS: "SigmoidCrossEntropyLoss",
  SILENCE: "Silence",
  SLICE: "Slice",
  SOFTMAX: "Softmax",
  SOFTMAX_LOSS: "SoftmaxWithLoss",
  SPLIT: "Split",
  TANH: "TanH",
  THRESHOLD: "Threshold",
  WINDOW_DATA: "WindowData",
};

/** Fields that say the same in both formats: every one of one name but those that were redone. */
const SHARED_KEYS = messageDescriptor("V1LayerParameter")
  .fields.map((field) => field.key)
  .filter((key) => key !== "type" && key !== "param")
  .filter((key) => messageDescriptor("LayerParameter").byKey.has(key));

/**
 * Turns `layers` into `layer`, and names, rates and decays of blobs into `param`s.
 * @throws NetDefinitionError for a net that has both `layers` and `layer`
 */
export function upgradeV1(
  net: NetParameter,
  log: UpgradeLog,
): { readonly net: NetParameter; readonly isComplete: boolean } {
  if (net.layer.length > 0) {
    throw problemAt(
      net.layers[0]!,
      "Refusing to upgrade inconsistent NetParameter input; the definition includes both 'layer' " +
        "and 'layers' fields. Write every layer as layer { type: \"...\" }.",
    );
  }
  let isComplete = !net.layers.some((old) => old.layer);
  const layer = net.layers.map((old) =>
    upgradeLayer(old, (number) => {
      isComplete = false;
      const problem = `layer "${old.name ?? ""}": what its field ${number} says is unknown to Caffe, and dropped`;
      log.log("error", "upgrade_proto.cpp:865", problem);
    }),
  );
  if (net.layers.some((old) => old.layer)) {
    log.log("error", "upgrade_proto.cpp:865", "Input NetParameter has V0 layer -- ignoring.");
  }
  return { net: copyMessage(net, { layers: [], layer }), isComplete };
}

function upgradeLayer(
  v1: V1LayerParameter,
  onDropped: (fieldNumber: number) => void,
): LayerParameter {
  const old: FieldValues = { ...v1 };
  const layer: FieldValues = emptyMessage("LayerParameter");
  for (const key of SHARED_KEYS) {
    if (old[key] !== undefined) layer[key] = old[key];
  }
  if (v1.type !== undefined) layer.type = TYPES[v1.type];
  layer.param = paramSpecs(v1);
  return deriveMessage("LayerParameter", layer, v1, keptFields(v1, onDropped));
}

/**
 * Fields of other forks. Caffe drops them; here they stay where no field of today has their number, and
 * it is said where one has.
 */
function keptFields(v1: V1LayerParameter, onDropped: (number: number) => void): Uint8Array[] {
  const known = messageDescriptor("LayerParameter").byNumber;
  return (originOf(v1)?.unknown ?? []).filter((bytes) => {
    const number = fieldNumberOf(bytes);
    if (known.has(number)) onDropped(number);
    return !known.has(number);
  });
}

function paramSpecs({ param, blobShareMode, blobsLr, weightDecay }: V1LayerParameter): ParamSpec[] {
  const length = Math.max(param.length, blobShareMode.length, blobsLr.length, weightDecay.length);
  return Array.from({ length }, (_, i) =>
    createMessage("ParamSpec", {
      ...(i < param.length ? { name: param[i]! } : {}),
      ...(i < blobShareMode.length ? { shareMode: blobShareMode[i]! } : {}),
      ...(i < blobsLr.length ? { lrMult: blobsLr[i]! } : {}),
      ...(i < weightDecay.length ? { decayMult: weightDecay[i]! } : {}),
    }),
  );
}

/** The data parameters that transform_param took over from, by layer type. */
const OLD_HOLDERS = {
  DATA: "dataParam",
  IMAGE_DATA: "imageDataParam",
  WINDOW_DATA: "windowDataParam",
} as const;

const MOVED_KEYS = ["scale", "meanFile", "cropSize", "mirror"] as const;

/** The old holder of a layer's transformation, if it holds any. */
function oldHolder(layer: V1LayerParameter) {
  const { type } = layer;
  if (type !== "DATA" && type !== "IMAGE_DATA" && type !== "WINDOW_DATA") return undefined;
  const key = OLD_HOLDERS[type];
  const param = layer[key];
  return param && MOVED_KEYS.some((moved) => param[moved] !== undefined)
    ? { key, param }
    : undefined;
}

export function needsTransformUpgrade(net: NetParameter): boolean {
  return net.layers.some((layer) => oldHolder(layer) !== undefined);
}

/** Moves scale, mean_file, crop_size and mirror of V1 data layers (BVLC `UpgradeNetDataTransformation`). */
export function upgradeTransforms(net: NetParameter): NetParameter {
  const layers = net.layers.map((layer) => {
    const holder = oldHolder(layer);
    if (!holder) return layer;
    const kept: FieldValues = { ...holder.param };
    const transform: FieldValues = {
      ...(layer.transformParam ?? emptyMessage("TransformationParameter")),
    };
    for (const key of MOVED_KEYS) {
      if (kept[key] === undefined) continue;
      transform[key] = kept[key];
      delete kept[key];
    }
    const origin = layer.transformParam ?? holder.param;
    const transformParam = deriveMessage("TransformationParameter", transform, origin);
    const param = deriveMessage(holderName(holder.key), kept, holder.param);
    return copyMessage(layer, { transformParam, [holder.key]: param });
  });
  return copyMessage(net, { layers });
}

const holderName = (key: string) => messageDescriptor("V1LayerParameter").byKey.get(key)!.message!;
