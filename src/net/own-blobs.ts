/** @file Values that a net's own message brings along, as one built from a .caffemodel has them. */
import type { Blob } from "../core/blob.ts";
import { shapeString } from "../core/shape.ts";
import { ModelFileError } from "../errors.ts";
import { blobFromProto, shapeFits } from "../model-file/index.ts";
import type { BlobProto } from "../schema/index.ts";

const ROLES = ["weight", "bias"] as const;

/**
 * Copies the blobs of a layer's message into the layer's own (BVLC: "Skipping parameter
 * initialization"). Blobs of a layer that learns nothing are left out.
 * @param fail throws the error for the layer's field `blobs`
 */
export function loadOwnBlobs(
  protos: readonly BlobProto[],
  blobs: readonly Blob[],
  fail: (problem: string) => never,
): void {
  if (protos.length === 0 || blobs.length === 0) return;
  if (protos.length !== blobs.length) {
    fail(
      `Incorrect number of weight blobs: the layer has ${blobs.length}, its message ${protos.length}`,
    );
  }
  protos.forEach((proto, i) => {
    const blob = blobs[i]!;
    const stored = storedBlob(proto, i, fail);
    if (!shapeFits(stored, blob.shape)) {
      const role = ROLES[i] ?? `blob ${i}`;
      fail(
        `Incorrect ${role} shape: expected shape ${shapeString(blob.shape)}; instead, shape was ` +
          shapeString(stored.shape),
      );
    }
    blob.set(stored.data);
    if (stored.diff) blob.setDiff(stored.diff);
  });
}

function storedBlob(proto: BlobProto, index: number, fail: (problem: string) => never) {
  try {
    return blobFromProto(proto, `blob ${index}`);
  } catch (error) {
    if (error instanceof ModelFileError) return fail(error.message);
    throw error;
  }
}
