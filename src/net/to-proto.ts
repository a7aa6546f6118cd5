/** @file A net as a message: what a .caffemodel holds (BVLC Net::ToProto). */
import type { Blob } from "../core/blob.ts";
import type { BlobProto, LayerParameter, NetParameter } from "../schema/index.ts";
import type { NetLayer } from "./net-layer.ts";

/**
 * All layers after filtering and split insertion, with phase, completed params and loss weights,
 * and the blobs. The values are views of the net's memory: write them before it changes.
 */
export function netToProto(
  name: string,
  layers: readonly NetLayer[],
  withDiff: boolean,
): NetParameter {
  return {
    name,
    layers: [],
    input: [],
    inputDim: [],
    inputShape: [],
    layer: layers.map((layer) => layerToProto(layer, withDiff)),
  };
}

function layerToProto({ param, blobs, lossWeights }: NetLayer, withDiff: boolean): LayerParameter {
  const weighted = lossWeights.some((weight) => weight !== 0);
  return {
    ...param,
    lossWeight: weighted ? [...lossWeights] : param.lossWeight,
    blobs: blobs.map((blob) => blobToProto(blob, withDiff)),
  };
}

/** A blob as a message with `shape` and views of its values. */
export function blobToProto(blob: Blob, withDiff: boolean): BlobProto {
  return {
    shape: { dim: [...blob.shape] },
    data: blob.data,
    ...(withDiff ? { diff: blob.diff } : {}),
  };
}
