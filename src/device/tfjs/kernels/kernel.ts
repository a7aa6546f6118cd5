/** @file What a kernel of the tfjs device is: TensorFlow.js operations between a layer's blobs. */
import type { Blob } from "../../../core/blob.ts";
import type { Tensor } from "../../../core/tensor.ts";
import { CaffeError } from "../../../errors.ts";
import type { KernelRequest, LayerKernel } from "../../device.ts";
import type { Tensors } from "../tensors.ts";

/** Makes the kernel of a layer, or `undefined` for a variant that the host has to run. */
export type KernelFactory = (tensors: Tensors, request: KernelRequest) => LayerKernel | undefined;

/** The passes of a kernel. Tensors that they make and do not write to a blob or a `Slot` are disposed of. */
export type Passes = LayerKernel;

/**
 * The kernel with these passes. Blobs without values are the host's: TensorFlow.js refuses many of them.
 * What TensorFlow complains about is told with the layer's name.
 */
export function tensorKernel(
  tensors: Tensors,
  { name, type, layer }: KernelRequest,
  passes: Passes,
): LayerKernel {
  const run = (pass: () => void): void => {
    tensors.counts.dispatches++;
    try {
      tensors.tf.tidy(pass);
    } catch (error) {
      if (error instanceof CaffeError) throw error;
      const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
      throw new CaffeError("tfjs", `layer "${name}" (${type}): TensorFlow.js says: ${reason}`);
    }
  };
  const { backward } = passes;
  return {
    reshape(bottoms, tops) {
      if (!hasEmpty(bottoms) && !hasEmpty(tops)) passes.reshape?.(bottoms, tops);
    },
    forward(bottoms, tops) {
      if (hasEmpty(bottoms) || hasEmpty(tops)) layer.forward(bottoms, tops);
      else run(() => passes.forward(bottoms, tops));
    },
    backward(tops, propagateDown, bottoms) {
      if (!backward || hasEmpty(bottoms) || hasEmpty(tops)) {
        layer.backward?.(tops, propagateDown, bottoms);
      } else {
        run(() => backward(tops, propagateDown, bottoms));
      }
    },
    ...(passes.dispose ? { dispose: passes.dispose } : {}),
  };
}

function hasEmpty(blobs: readonly Blob[]): boolean {
  for (const blob of blobs) if (blob.count === 0) return true;
  return false;
}

/** A tensor that a kernel keeps from one pass to the next. */
export class Slot {
  readonly #tensors: Tensors;
  #tensor: Tensor | undefined;

  constructor(tensors: Tensors) {
    this.#tensors = tensors;
  }

  /** The tensor; it stays the slot's. */
  get tensor(): Tensor {
    if (!this.#tensor) throw new Error("internal: backward without forward");
    return this.#tensor;
  }

  set(tensor: Tensor): void {
    const { tf } = this.#tensors;
    const kept = tf.keep(tensor.kept ? tf.clone(tensor) : tensor);
    this.#tensor?.dispose();
    this.#tensor = kept;
  }

  dispose(): void {
    this.#tensor?.dispose();
    this.#tensor = undefined;
  }
}
