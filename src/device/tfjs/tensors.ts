/** @file The device as kernels see it: memories whose newest values are tensors. */
import { type Shape, count, sameShape } from "../../core/shape.ts";
import type { Blob } from "../../core/blob.ts";
import type { DeviceCopy, SyncedMemory } from "../../core/synced-memory.ts";
import type { Tensor, TensorFlow, TensorMemory } from "../../core/tensor.ts";
import type { TransferCounts } from "../device.ts";

/** The tensor that a memory's values are; another one after each write, as tensors never change. */
interface TensorCopy extends DeviceCopy {
  tensor: Tensor | undefined;
}

/**
 * Keeps one tensor for each memory that kernels use. What kernels get and make belongs to the `tf.tidy`
 * that they run in; what they write is kept until it is written again.
 */
export class Tensors implements TensorMemory {
  readonly tf: TensorFlow;
  /** TensorFlow.js runs each operation at once: a dispatch is a pass of a layer here. */
  readonly counts: TransferCounts = { submissions: 0, dispatches: 0, bytesUp: 0, bytesDown: 0 };
  readonly #copies = new WeakMap<SyncedMemory, TensorCopy>();
  readonly #scalars = new Map<number, Tensor>();

  constructor(tf: TensorFlow) {
    this.tf = tf;
  }

  /** A blob's values in its own shape or another one of as many values. */
  data(blob: Blob, shape: Shape = blob.shape): Tensor {
    return this.read(blob.dataMemory, shape);
  }

  /** A blob's gradient. */
  diff(blob: Blob, shape: Shape = blob.shape): Tensor {
    return this.read(blob.diffMemory, shape);
  }

  /** Writes all of a blob's values; the tensor may have any shape. */
  setData(blob: Blob, values: Tensor): void {
    this.write(blob.dataMemory, values);
  }

  setDiff(blob: Blob, values: Tensor): void {
    this.write(blob.diffMemory, values);
  }

  /** Adds to a blob's gradient, or writes it where it was cleared. */
  addDiff(blob: Blob, values: Tensor): void {
    if (blob.takeClearedDiff()) this.setDiff(blob, values);
    else this.setDiff(blob, this.tf.add(this.diff(blob, values.shape), values));
  }

  /** A constant, made once: for numbers that a kernel uses in each pass. */
  scalar(value: number): Tensor {
    let scalar = this.#scalars.get(value);
    if (!scalar) {
      scalar = this.tf.keep(this.tf.scalar(value, "float32"));
      this.#scalars.set(value, scalar);
    }
    return scalar;
  }

  /** A blob's newest values on the host, where the device has them too. */
  hostValues(blob: Blob): Float32Array {
    const memory = blob.dataMemory;
    const was = memory.newest;
    const values = blob.data;
    if (was !== "host") memory.newest = "both";
    return values;
  }

  /** The newest values of a memory. The caller must not dispose of the tensor. */
  read(memory: SyncedMemory, shape: Shape): Tensor {
    const size = count(shape);
    const copy = this.#copyOf(memory);
    if (memory.isCleared) {
      this.#replace(copy, this.tf.zeros([...shape]));
      memory.isCleared = false;
      memory.newest = "device";
    } else if (memory.newest === "host" || (copy.tensor?.size ?? 0) < size) {
      this.#upload(memory, copy, shape);
    }
    const held = copy.tensor!;
    if (sameShape(held.shape, shape)) return held;
    if (held.size === size) return this.tf.reshape(held, [...shape]);
    return this.tf.reshape(this.tf.slice(this.tf.reshape(held, [-1]), 0, size), [...shape]);
  }

  /** Makes a tensor the newest values of a memory. */
  write(memory: SyncedMemory, values: Tensor): void {
    // A tensor that is kept already belongs to another memory, or to a kernel.
    this.#replace(this.#copyOf(memory), values.kept ? this.tf.clone(values) : values);
    memory.isCleared = false;
    memory.newest = "device";
  }

  tensorOf(memory: SyncedMemory, shape: Shape): Tensor {
    return this.tf.tidy(() => this.tf.clone(this.read(memory, shape)));
  }

  keep(memory: SyncedMemory, values: Tensor): void {
    this.tf.tidy(() => this.write(memory, this.tf.clone(this.tf.cast(values, "float32"))));
  }

  add(memory: SyncedMemory, values: Tensor): void {
    this.tf.tidy(() => {
      this.write(memory, this.tf.add(this.read(memory, values.shape), values));
    });
  }

  dispose(): void {
    for (const scalar of this.#scalars.values()) scalar.dispose();
    this.#scalars.clear();
  }

  #copyOf(memory: SyncedMemory): TensorCopy {
    const known = this.#copies.get(memory);
    if (known) return known;
    const copy: TensorCopy = {
      tensor: undefined,
      download: async (into) => this.#download(copy, into),
      downloadNow: (into) => this.#download(copy, into),
      dispose() {
        copy.tensor?.dispose();
        copy.tensor = undefined;
      },
    };
    this.#copies.set(memory, copy);
    memory.copy = copy;
    return copy;
  }

  #replace(copy: TensorCopy, tensor: Tensor): void {
    const kept = this.tf.keep(tensor);
    copy.tensor?.dispose();
    copy.tensor = kept;
  }

  /** Takes the host's values; of a memory that the host has not touched, zeros. */
  #upload(memory: SyncedMemory, copy: TensorCopy, shape: Shape): void {
    // A tensor of a smaller blob in this memory: what lies behind it on the host counts as well.
    if (memory.newest === "device") this.#download(copy, memory.hostView());
    if (memory.isOnHost) {
      const values = memory.hostView(count(shape)).slice();
      this.#replace(copy, this.tf.tensor(values, [...shape]));
      this.counts.bytesUp += values.byteLength;
    } else {
      this.#replace(copy, this.tf.zeros([...shape]));
    }
    memory.newest = "both";
  }

  #download({ tensor }: TensorCopy, into: Float32Array): void {
    if (!tensor) return;
    const values = tensor.dataSync<"float32">();
    into.set(values.length > into.length ? values.subarray(0, into.length) : values);
    this.counts.bytesDown += values.byteLength;
  }
}
