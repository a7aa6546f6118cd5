/** @file A net as a message: what a .caffemodel holds (BVLC Net::ToProto). */
import type { Blob } from "../core/blob.ts";
import {
  type BlobProto,
  type LayerParameter,
  type NetParameter,
  copyMessage,
  createMessage,
  deriveMessage,
} from "../schema/index.ts";
import type { NetLayer } from "./net-layer.ts";

/**
 * The name, and all layers after filtering and split insertion, with phase, completed params and
 * loss weights, and the blobs. Fields of other Caffes stay as the net's message had them. The values
 * are views of the net's memory: write them before it changes.
 * @param net the message that the net was built from
 */
export function netToProto(
  net: NetParameter,
  layers: readonly NetLayer[],
  withDiff: boolean,
): NetParameter {
  const written = createMessage("NetParameter", {
    name: net.name ?? "",
    layer: layers.map((layer) => layerToProto(layer, withDiff)),
  });
  return deriveMessage("NetParameter", written, net);
}

function layerToProto({ param, blobs, lossWeights }: NetLayer, withDiff: boolean): LayerParameter {
  const weighted = lossWeights.some((weight) => weight !== 0);
  return copyMessage(param, {
    lossWeight: weighted ? [...lossWeights] : param.lossWeight,
    blobs: blobs.map((blob) => blobToProto(blob, withDiff)),
  });
}

/** A blob as a message with `shape` and views of its values. */
export function blobToProto(blob: Blob, withDiff: boolean): BlobProto {
  return {
    shape: { dim: [...blob.shape] },
    data: blob.data,
    ...(withDiff ? { diff: blob.diff } : {}),
  };
}
