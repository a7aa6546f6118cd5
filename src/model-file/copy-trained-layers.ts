/** @file Copying the weights of a file into a net, layer by layer (BVLC Net::CopyTrainedLayersFrom). */
import type { Blob } from "../core/blob.ts";
import type { Logger } from "../core/logger.ts";
import { shapeString } from "../core/shape.ts";
import { ModelFileError } from "../errors.ts";
import type { BlobProto, LayerParameter, NetParameter } from "../schema/index.ts";
import { blobFromProto, shapeFits, storedShape } from "./blob-proto.ts";

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
 * @throws ModelFileError when numbers of blobs or shapes differ; nothing is copied then
 */
export function copyTrainedLayers(
  source: NetParameter,
  target: ReadonlyMap<string, readonly Blob[]>,
  logger: Logger,
): void {
  const copies = source.layer.flatMap((layer) => copiesOf(layer, target, logger));
  // Every blob was checked by now: a file that does not fit leaves the net as it was.
  for (const { proto, target, what } of copies) {
    const { data, diff } = blobFromProto(proto, what);
    target.data.set(data);
    if (diff) target.diff.set(diff);
  }
}

function copiesOf(
  { name = "", blobs }: LayerParameter,
  targets: ReadonlyMap<string, readonly Blob[]>,
  logger: Logger,
): Copy[] {
  const target = targets.get(name);
  if (!target) {
    logger.log("info", "net.cpp:744", `Ignoring source layer ${name}`);
    return [];
  }
  if (target.length !== blobs.length) {
    throw new ModelFileError(
      `Incompatible number of blobs for layer ${name}: the file has ${blobs.length}, the net ${target.length}`,
    );
  }
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
