/** @file The contract of a solver type, and what all of them share: scaling and regularising gradients. */
import type { Blob } from "../core/blob.ts";
import type { Engine } from "../core/engine.ts";
import type { Regularization, UpdateConstants } from "../device/update.ts";

export type { Regularization, UpdateConstants };

/** One parameter in one update. Its blob's diff holds the gradient, summed over iter_size passes. */
export interface ParameterUpdate {
  readonly engine: Engine;
  readonly constants: UpdateConstants;
  readonly blob: Blob;
  /** As many as the rule's `histories`, each of the blob's shape. */
  readonly history: readonly Blob[];
  /** Learning rate times lr_mult. */
  readonly rate: number;
  /** weight_decay times decay_mult. */
  readonly decay: number;
  /** What the gradient is multiplied with first: clipping and 1 / iter_size. */
  readonly scale: number;
  /** The iteration, from 0. */
  readonly iter: number;
}

/** What makes a solver type: how a gradient g becomes the update that is taken from the weights. */
export interface UpdateRule {
  /** History blobs of each parameter. */
  readonly histories: 1 | 2;
  /** Whether the history sums up gradients times rate: at a rate of 0 it then stays as it is. */
  readonly historyHoldsRate: boolean;
  /** Updates `data`, leaves the update itself in `diff` (as Caffe does), and carries the history on. */
  update(update: ParameterUpdate): void;
}

/** diff = scale diff + decay data (L2) or + decay sign(data) (L1). (BVLC Normalize, Regularize) */
export function regularise({ blob, scale, decay, constants, engine }: ParameterUpdate): void {
  if (decay !== 0 && constants.regularization === "L1") {
    const { data, diff } = blob;
    for (let i = 0; i < diff.length; i++) {
      diff[i] = scale * diff[i]! + decay * Math.sign(data[i]!);
    }
  } else if (decay !== 0 || scale !== 1) {
    engine.axpby(blob.count, decay, blob.dataPointer, scale, blob.diffPointer);
  }
}
