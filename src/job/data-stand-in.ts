/** @file Inputs in place of data layers, to look at a net without its dataset. */
import { type State, filterLayers } from "../net/filter.ts";
import {
  type BlobShape,
  type LayerParameter,
  type NetParameter,
  copyMessage,
  createMessage,
} from "../schema/index.ts";

const FROM_FILES = new Set(["Data", "ImageData", "HDF5Data", "WindowData"]);
const DEFAULT_IMAGE = [3, 256, 256] as const;

/**
 * The net with an Input layer in place of each data layer that reads files. Images have `imageShape`
 * (C, H, W); the second top of a layer is one number an image; a layer of its own for labels has
 * one label a pixel, as the further tops of a custom data layer have.
 */
export function inputsInsteadOfData(
  net: NetParameter,
  state: State,
  imageShape: readonly number[] = DEFAULT_IMAGE,
): NetParameter {
  const kept = new Set(filterLayers(net, state));
  const layer = net.layer.flatMap((param) => {
    if (!FROM_FILES.has(param.type ?? "") && !isCustomData(param)) return [param];
    return kept.has(param) ? [inputFor(param, imageShape)] : [];
  });
  return copyMessage(net, { layer });
}

/** A custom layer without bottoms; FCN's nets have one for images and labels of any size. */
function isCustomData({ type, bottom, top }: LayerParameter): boolean {
  return type === "Python" && bottom.length === 0 && top.length > 0;
}

function inputFor(layer: LayerParameter, imageShape: readonly number[]): LayerParameter {
  const batch =
    layer.dataParam?.batchSize ??
    layer.imageDataParam?.batchSize ??
    layer.hdf5DataParam?.batchSize ??
    layer.windowDataParam?.batchSize ??
    1;
  const crop = layer.transformParam?.cropSize || undefined;
  const [channels = 1, height = 1, width = 1] = imageShape;
  const image = [channels, crop ?? height, crop ?? width];
  const isLabel = (top: string) => top.includes("label") && !top.includes("data");
  const shape = layer.top.map((top, index): BlobShape => {
    if (index > 0 && !isCustomData(layer)) return { dim: [batch] };
    if (index > 0) return { dim: [batch, 1, height, width] };
    return { dim: [batch, ...(isLabel(top) ? [1, height, width] : image)] };
  });
  return copyMessage(layer, {
    type: "Input",
    inputParam: createMessage("InputParameter", { shape }),
  });
}
