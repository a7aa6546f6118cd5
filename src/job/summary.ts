/** @file What a net consists of and what it will cost, without running it. */
import type { FenceOptions } from "../core/fence-options.ts";
import type { Shape } from "../core/shape.ts";
import { sum } from "../core/sum.ts";
import { activationBytes, requiredBytes, sparedBytes } from "../net/memory.ts";
import { multiplyAdds } from "../net/multiply-adds.ts";
import type { State } from "../net/filter.ts";
import { Net } from "../net/net.ts";
import type { LayerParameter, NetParameter, Phase } from "../schema/index.ts";
import type { Device } from "../device/index.ts";
import { type CropAdvice, cropAdvice } from "./crop-offset.ts";
import { type DeviceSummary, summarizeOnDevice } from "./device-summary.ts";
import { inputsInsteadOfData } from "./data-stand-in.ts";
import { type Fields, fieldBehind } from "./receptive-field.ts";
import { openShapeDevice } from "./shape-device.ts";
import { summaryWarnings } from "./summary-warnings.ts";

export interface SummaryOptions {
  readonly phase?: Phase;
  readonly level?: number;
  readonly stages?: readonly string[];
  /** Where custom layers are looked for. */
  readonly layers?: readonly string[];
  /** Fences them in, as in `NetOptions`. */
  readonly fence?: boolean | FenceOptions | undefined;
  readonly root?: string;
  /** Shape of an image, (C, H, W), where a data layer would tell. */
  readonly imageShape?: readonly number[];
  /** Weights that the net will start from; they take layers off zero. */
  readonly weights?: NetParameter;
  /** Where the net is to run. */
  readonly device?: Device;
}

export interface LayerSummary {
  readonly name: string;
  readonly type: string;
  readonly tops: readonly { readonly name: string; readonly shape: Shape }[];
  readonly parameters: number;
  /** Multiply-adds of one forward pass. */
  readonly multiplyAdds: number;
  /** Pixels of the input along height that one pixel of the top sees; absent where that is all. */
  readonly receptiveField?: number;
}

export interface NetSummary {
  readonly name: string;
  readonly phase: Phase;
  readonly layers: readonly LayerSummary[];
  readonly parameters: number;
  readonly multiplyAdds: number;
  /** Bytes of parameters, of activations, and of all that training needs with one history a parameter. */
  readonly bytes: {
    readonly parameters: number;
    readonly activations: number;
    /** Of activations where only outputs are looked at, as inference does. */
    readonly reusedActivations: number;
    readonly total: number;
    /** Of those, what training by SGD does without where gradients take turns in memory. */
    readonly spared: number;
  };
  /** What it will do on the device that was asked for. */
  readonly device?: DeviceSummary;
  readonly crops: readonly CropAdvice[];
  readonly warnings: readonly string[];
}

/**
 * Summarizes a net. Data layers are replaced by inputs, so no dataset is opened, and nothing is
 * allocated, however large the net.
 * @throws CaffeError where the net cannot be built
 */
export function summarizeNet(
  param: NetParameter,
  options: SummaryOptions = {},
): Promise<NetSummary> {
  const { device, weights } = options;
  return withShapedNet(param, options, (shaped) => ({
    ...summaryOf(shaped, weights),
    ...(device ? { device: summarizeOnDevice(shaped.net, device) } : {}),
  }));
}

/** A net whose blobs have shapes and no values, and what it was built from. */
export interface ShapedNet {
  readonly net: Net;
  readonly standIn: NetParameter;
  readonly state: State;
}

/** Builds a net as `summarizeNet` does, for as long as `use` looks at it. */
export async function withShapedNet<Result>(
  param: NetParameter,
  options: SummaryOptions,
  use: (shaped: ShapedNet) => Result,
): Promise<Result> {
  const { phase = "TRAIN", level = 0, layers, fence, root, device } = options;
  const stages = options.stages ?? (phase === "TRAIN" ? ["train"] : []);
  const state = { phase, level, stages };
  const standIn = inputsInsteadOfData(param, state, options.imageShape);
  const net = await Net.load(standIn, {
    ...state,
    layers,
    fence,
    root,
    device: openShapeDevice(device),
  });
  try {
    return use({ net, standIn, state });
  } finally {
    net.dispose();
  }
}

export function summaryOf({ net, standIn, state }: ShapedNet, weights?: NetParameter): NetSummary {
  const crops = cropAdvice(standIn, state);
  return {
    name: net.name,
    phase: net.phase,
    layers: layerSummaries(net, standIn),
    parameters: sum(net.learnableParams.map(({ blob }) => blob.count)),
    multiplyAdds: sum(net.layers.map(multiplyAdds)),
    bytes: {
      parameters: 4 * sum(net.learnableParams.map(({ blob }) => blob.count)),
      activations: activationBytes(net),
      reusedActivations: net.reusedDataBytes,
      total: requiredBytes(net),
      spared: sparedBytes(net),
    },
    crops,
    warnings: summaryWarnings(net, standIn, crops, weights),
  };
}

function layerSummaries(net: Net, param: NetParameter): LayerSummary[] {
  const fields: Fields = new Map();
  const written = new Set(param.layer.map(({ name }) => name));
  return net.layers.flatMap((layer) => {
    const field = isSource(layer.param) ? { size: 1, jump: 1 } : fieldBehind(layer.param, fields);
    for (const top of layer.tops) fields.set(top, field);
    // Split layers that the net inserts cost nothing.
    if (layer.type === "Split" && !written.has(layer.name)) return [];
    return [
      {
        name: layer.name,
        type: layer.type,
        tops: layer.tops.map((name, i) => ({ name, shape: layer.topBlobs[i]!.shape })),
        parameters: sum(layer.blobs.map((blob) => blob.count)),
        multiplyAdds: multiplyAdds(layer),
        ...(field ? { receptiveField: field.size } : {}),
      },
    ];
  });
}

function isSource(layer: LayerParameter): boolean {
  return layer.bottom.length === 0;
}
