/** @file Sharing trained parameters between the train net and its test nets. */
import type { Blob } from "../core/blob.ts";
import type { Logger } from "../core/logger.ts";
import { sameShape, shapeString } from "../core/shape.ts";
import { NetDefinitionError } from "../errors.ts";

interface Parameters {
  readonly params: ReadonlyMap<string, readonly Blob[]>;
}

/**
 * Lets the target's layers use the memory of the source's layers of the same name
 * (BVLC Net::ShareTrainedLayersWith).
 * @throws NetDefinitionError when a layer's number of blobs or a shape differs
 */
export function shareTrainedLayers(source: Parameters, target: Parameters, logger: Logger): void {
  for (const [name, blobs] of source.params) {
    const own = target.params.get(name);
    if (!own) {
      logger.log("info", "net.cpp:662", `Ignoring source layer ${name}`);
      continue;
    }
    if (own.length !== blobs.length) {
      throw new NetDefinitionError(`Incompatible number of blobs for layer ${name}`);
    }
    blobs.forEach((blob, i) => {
      if (!sameShape(blob.shape, own[i]!.shape)) {
        throw new NetDefinitionError(
          `Cannot share param ${i} weights from layer '${name}'; shape mismatch.  Source param shape is ` +
            `${shapeString(blob.shape)}; target param shape is ${shapeString(own[i]!.shape)}`,
        );
      }
      own[i]!.shareData(blob);
    });
  }
}
