/** @file What a blob of a file means: its shape, in the old or the new form, and its values. */
import { MAX_AXES, type Shape, count, legacySize, sameShape, shapeString } from "../core/shape.ts";
import { ModelFileError } from "../errors.ts";
import type { BlobProto } from "../schema/index.ts";

/** A blob as a file has it. */
export interface StoredBlob {
  readonly shape: Shape;
  /** Stored as num, channels, height, width: always four axes, of which the first may be padding. */
  readonly legacy: boolean;
  /** The values in C order; those of the message if they are float32 there. */
  readonly data: Float32Array;
  readonly diff?: Float32Array;
}

/**
 * @param what how an error names the blob: "blob 0 of layer 'conv1'"
 * @throws ModelFileError when the shape is impossible or does not go with the number of values
 */
export function blobFromProto(proto: BlobProto, what = "the blob"): StoredBlob {
  const { shape, legacy } = storedShape(proto);
  checkShape(shape, what);
  const data = proto.doubleData ? Float32Array.from(proto.doubleData) : proto.data;
  const diff = proto.doubleDiff ? Float32Array.from(proto.doubleDiff) : proto.diff;
  const values = data ?? new Float32Array(0);
  for (const [name, list] of [["values", values] as const, ["gradients", diff] as const]) {
    if (list && list.length !== count(shape)) {
      throw new ModelFileError(
        `${what} has the shape ${shapeString(shape)}, but ${list.length} ${name}; the file is damaged`,
      );
    }
  }
  return { shape, legacy, data: values, ...(diff ? { diff } : {}) };
}

/** The shape that a message states; one of the old fields is enough to make it an old one (BVLC Blob::FromProto). */
export function storedShape(proto: BlobProto): { shape: Shape; legacy: boolean } {
  const { num, channels, height, width } = proto;
  const old = [num, channels, height, width];
  if (old.some((size) => size !== undefined)) {
    return { shape: old.map((size) => size ?? 0), legacy: true };
  }
  return { shape: proto.shape?.dim ?? [], legacy: false };
}

/**
 * Whether a stored shape fits a blob (BVLC Blob::ShapeEquals): the same axes, or, in the old form,
 * the same sizes once the blob's shape is padded to four axes with ones on the left.
 */
export function shapeFits({ shape, legacy }: Pick<StoredBlob, "shape" | "legacy">, target: Shape) {
  if (!legacy) return sameShape(shape, target);
  return target.length <= 4 && shape.every((size, i) => size === legacySize(target, i - 4));
}

function checkShape(shape: Shape, what: string): void {
  const isSound = shape.every((size) => Number.isInteger(size) && size >= 0);
  if (!isSound || shape.length > MAX_AXES || count(shape) > 2 ** 31 - 1) {
    throw new ModelFileError(
      `${what} has an impossible shape: ${shape.slice(0, MAX_AXES + 1).join(" ")}`,
    );
  }
}
