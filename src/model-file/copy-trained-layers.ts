/** @file Copying the weights of a file into a net, layer by layer (BVLC Net::CopyTrainedLayersFrom). */
import type { Blob } from "../core/blob.ts";
import type { Logger } from "../core/logger.ts";
import { sameShape, shapeString } from "../core/shape.ts";
import { ModelFileError } from "../errors.ts";
import type { BlobProto, LayerParameter, NetParameter } from "../schema/index.ts";
import { blobFromProto, shapeFits, storedShape } from "./blob-proto.ts";
import { isFromHdf5, isLeftOut } from "./hdf5/weights.ts";

/** One blob of the file and where it goes. */
interface Copy {
  readonly proto: BlobProto;
  readonly target: Blob;
  readonly what: string;
}

/**
 * Copies the values of each source layer into the target layer of the same name. Target layers that
 * the source lacks keep their values; source layers that the target lacks are logged and left out.
 * @param target the blobs of each layer by name; layers without blobs are there too, with none
 * @param isShared whether a blob of the target is another layer's too: HDF5 files leave it out
 * @throws ModelFileError when numbers of blobs or shapes differ; nothing is copied then
 */
export function copyTrainedLayers(
  source: NetParameter,
  target: ReadonlyMap<string, readonly Blob[]>,
  logger: Logger,
  isShared: (blob: Blob) => boolean = () => false,
): void {
  const copies = source.layer.flatMap((layer) => {
    const blobs = target.get(layer.name ?? "");
    if (blobs) return copiesOf(source, layer, blobs, isShared);
    logger.log("info", "net.cpp:744", `Ignoring source layer ${layer.name ?? ""}`);
    return [];
  });
  // Every blob was checked by now: a file that does not fit leaves the net as it was.
  for (const { proto, target, what } of copies) {
    const { data, diff } = blobFromProto(proto, what);
    target.set(data);
    if (diff) target.setDiff(diff);
  }
}

/**
 * Checks that the blobs of one source layer fit those of a net's; values are not looked at.
 * @throws ModelFileError as `copyTrainedLayers` would
 */
export function checkTrainedLayer(
  source: NetParameter,
  layer: LayerParameter,
  target: readonly Blob[],
  isShared: (blob: Blob) => boolean = () => false,
): void {
  copiesOf(source, layer, target, isShared);
}

function copiesOf(
  source: NetParameter,
  layer: LayerParameter,
  target: readonly Blob[],
  isShared: (blob: Blob) => boolean,
): Copy[] {
  return isFromHdf5(source)
    ? copiesFromHdf5(layer, target, isShared)
    : copiesFromMessage(layer, target);
}

function copiesFromMessage({ name = "", blobs }: LayerParameter, target: readonly Blob[]): Copy[] {
  if (target.length !== blobs.length) throw incompatible(name, blobs.length, target.length);
  return blobs.map((proto, index) => {
    const blob = target[index]!;
    const stored = storedShape(proto);
    if (!shapeFits(stored, blob.shape)) {
      throw new ModelFileError(
        `Cannot copy param ${index} weights from layer '${name}'; shape mismatch.  Source param shape is ` +
          `${shapeString(stored.shape)}; target param shape is ${shapeString(blob.shape)}. ` +
          "To learn this layer's parameters from scratch rather than copying from a saved net, " +
          "rename the layer.",
      );
    }
    const what = `blob ${index} of layer '${name}'`;
    checkCounts(proto, blob, what);
    return { proto, target: blob, what };
  });
}

/** (BVLC Net::CopyTrainedLayersFromHDF5) */
function copiesFromHdf5(
  { name = "", blobs }: LayerParameter,
  target: readonly Blob[],
  isShared: (blob: Blob) => boolean,
): Copy[] {
  if (blobs.length > target.length) throw incompatible(name, blobs.length, target.length);
  return target.flatMap((blob, index) => {
    const proto = blobs[index];
    if (proto === undefined || isLeftOut(proto)) {
      if (isShared(blob)) return [];
      const present = blobs.filter((one) => !isLeftOut(one)).length;
      throw incompatible(name, present, target.length);
    }
    const what = `blob ${index} of layer '${name}'`;
    const { shape } = storedShape(proto);
    if (!sameShape(shape, blob.shape)) {
      throw new ModelFileError(
        "Cannot load blob from hdf5; shape mismatch. Source shape is " +
          `${shapeString(shape)} target shape is ${shapeString(blob.shape)}: ${what}`,
      );
    }
    return [{ proto, target: blob, what }];
  });
}

function incompatible(layer: string, source: number, target: number): ModelFileError {
  return new ModelFileError(
    `Incompatible number of blobs for layer ${layer}: the file has ${source}, the net ${target}`,
  );
}

/** As `blobFromProto` checks them, but without converting values that may never be needed. */
function checkCounts(proto: BlobProto, { count }: Blob, what: string): void {
  const values = (proto.doubleData ?? proto.data)?.length ?? 0;
  const gradients = (proto.doubleDiff ?? proto.diff)?.length ?? count;
  if (values === count && gradients === count) return;
  throw new ModelFileError(
    `${what} should have ${count} values, but the file has ${values}` +
      (gradients === count ? "" : ` and ${gradients} gradients`),
  );
}
