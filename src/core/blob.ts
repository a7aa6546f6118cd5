/** @file Blob: an N-dimensional array of floats with its gradient, in the heap. */
import { NetDefinitionError } from "../errors.ts";
import type { Heap, Pointer } from "./heap.ts";
import { MAX_AXES, type Shape, count, sameShape, shapeString } from "./shape.ts";
import { SyncedMemory } from "./synced-memory.ts";
import { type BlobContent, type Tensor, isTensor, tensorMemoryOf, tensorOf } from "./tensor.ts";

const INT_MAX = 2 ** 31 - 1;

const EMPTY = new Float32Array(0);

/**
 * An N-d float32 array with `data` and `diff`, in C order (the last axis varies fastest); images
 * are (N, C, H, W). Memory is reserved when it is first touched, zeroed, and never shrinks.
 */
export class Blob {
  readonly heap: Heap;
  #shape: Shape = [];
  #count = 1;
  #data: SyncedMemory | undefined;
  #diff: SyncedMemory | undefined;
  /** What the gradient is equal to while it has no memory; absent: 0. */
  #diffSource: Blob | undefined;
  #dataView: Float32Array = EMPTY;
  #diffView: Float32Array = EMPTY;
  #version = 0;

  constructor(heap: Heap, shape: Shape = []) {
    this.heap = heap;
    this.reshape(...shape);
  }

  get shape(): Shape {
    return this.#shape;
  }

  /** Number of values: the product of the shape. */
  get count(): number {
    return this.#count;
  }

  /** Grows each time the shape or the place of the memory changes. */
  get version(): number {
    return this.#version;
  }

  /**
   * The values on the host; a view, not a copy. Valid until the next reshape. As it may be written to,
   * a device takes the values from there when it needs them next.
   * @throws CaffeError when a device has newer values: `await blob.sync()` brings them
   */
  get data(): Float32Array {
    const memory = this.dataMemory;
    if (this.#dataView.length !== this.#count) this.#bindData(memory);
    if (memory.newest !== "host") memory.claimForHost();
    return this.#dataView;
  }

  /** The gradient, as `data` has the values. Valid until the next reshape or `clearParamDiffs`. */
  get diff(): Float32Array {
    const memory = this.diffMemory;
    if (this.#diffView.length !== this.#count) this.#bindDiff(memory);
    if (memory.newest !== "host") memory.claimForHost();
    if (memory.isCleared) zero(memory);
    return this.#diffView;
  }

  /** Where the values are, for a device; large enough for the shape. */
  get dataMemory(): SyncedMemory {
    if (this.#data && this.#data.capacity >= this.#count) return this.#data;
    this.#data?.release();
    this.#data = new SyncedMemory(this.heap, this.#count);
    this.#dataView = EMPTY;
    this.#version++;
    return this.#data;
  }

  /** Where the gradient is, for a device; large enough for the shape. */
  get diffMemory(): SyncedMemory {
    if (this.#diff && this.#diff.capacity >= this.#count) return this.#diff;
    this.#diff?.release();
    this.#diff = new SyncedMemory(this.heap, this.#count);
    this.#diffView = EMPTY;
    this.#version++;
    this.#copyDiffSource(this.#diff);
    return this.#diff;
  }

  /** Address of the first value of `data`, for kernels. */
  get dataPointer(): Pointer {
    return this.data.byteOffset;
  }

  /** Address of the first value of `diff`, for kernels. */
  get diffPointer(): Pointer {
    return this.diff.byteOffset;
  }

  /** Whether anything has touched `diff`; a net for inference never does. */
  get hasDiff(): boolean {
    return this.#diff !== undefined || this.#diffSource !== undefined;
  }

  /** Makes the gradient 0, without writing that before somebody looks at it. */
  clearDiff(): void {
    if (this.#diff) this.#diff.isCleared = true;
    this.#diffSource = undefined;
  }

  /**
   * Puts the gradient, which is 0 then, into memory that several blobs take turns in, until `returnDiff`.
   * One that has memory of its own keeps it: somebody has looked at it, and may hold a view.
   * @returns whether it is a turn
   */
  borrowDiff(memory: SyncedMemory): boolean {
    // A turn that an error has cut short starts anew.
    if (this.#diff && this.#diff !== memory) return false;
    this.#diff ??= memory.share();
    this.#diffSource = undefined;
    if (this.#diffView.byteOffset !== memory.pointer) this.#diffView = EMPTY;
    memory.isCleared = true;
    return true;
  }

  /**
   * Ends a turn. From now on the gradient equals the values of `same`, until it is cleared; it gets
   * memory of its own and a copy of them when somebody looks.
   */
  returnDiff(same: Blob): void {
    this.#diff?.release();
    this.#diff = undefined;
    this.#diffSource = same;
  }

  /**
   * For who writes the whole gradient next: whether it was cleared and holds something else yet. So
   * large gradients need neither be zeroed nor read before they are written.
   */
  takeClearedDiff(): boolean {
    if (!this.#diff?.isCleared || this.#diff.capacity < this.#count) return false;
    this.#diff.isCleared = false;
    this.#diff.newest = "host";
    return true;
  }

  /**
   * Changes the shape. Memory stays where it is unless it must grow; then values are lost, as in Caffe.
   * @throws NetDefinitionError for more than 32 axes, a size that is no natural number, or 2^31 values.
   */
  reshape(...shape: number[]): void {
    if (sameShape(shape, this.#shape)) return;
    checkShape(shape);
    this.#shape = Object.freeze([...shape]);
    this.#count = count(shape);
    this.#version++;
    // Storage that is too small is replaced when it is next touched.
    this.#dataView = EMPTY;
    this.#diffView = EMPTY;
  }

  reshapeLike(other: Blob): void {
    if (!sameShape(other.#shape, this.#shape)) this.reshape(...other.#shape);
  }

  /**
   * Writes all values: `count` of them, or one number for all. Where the device keeps tensors, a tensor
   * stays there; else they are the host's.
   * @throws NetDefinitionError when there are more or fewer values; nothing is written then.
   */
  set(values: BlobContent): void {
    checkLength(values, this.#shape, this.#count);
    if (this.#keepTensor(this.dataMemory, values)) return;
    this.dataMemory.newest = "host";
    write(this.data, values);
  }

  /** Writes the whole gradient, as `set` writes the values. */
  setDiff(values: BlobContent): void {
    checkLength(values, this.#shape, this.#count);
    this.takeClearedDiff();
    if (this.#keepTensor(this.diffMemory, values)) return;
    this.diffMemory.newest = "host";
    write(this.diff, values);
  }

  /** Brings the newest values and gradients to the host. On the CPU they always are there. */
  async sync(): Promise<this> {
    await Promise.all([this.#data?.bringToHost(), this.#diff?.bringToHost()]);
    return this;
  }

  /** Adds to the gradient, in the same way. */
  addToDiff(values: Tensor): void {
    checkLength(values, this.#shape, this.#count);
    const home = tensorMemoryOf(this.heap);
    if (home) {
      if (this.takeClearedDiff()) home.keep(this.diffMemory, values);
      else home.add(this.diffMemory, values);
      return;
    }
    const { diff } = this;
    values.dataSync().forEach((value, i) => {
      diff[i]! += value;
    });
  }

  /** A TensorFlow.js tensor of the same shape with a copy of `data`. On the device tfjs it never leaves it. */
  tensor(): Tensor {
    const home = tensorMemoryOf(this.heap);
    return home?.tensorOf(this.dataMemory, this.#shape) ?? tensorOf(this.data, this.#shape);
  }

  /** A TensorFlow.js tensor of the same shape with a copy of `diff`. */
  diffTensor(): Tensor {
    const home = tensorMemoryOf(this.heap);
    return home?.tensorOf(this.diffMemory, this.#shape) ?? tensorOf(this.diff, this.#shape);
  }

  /** Uses the other blob's data memory from now on; the other one must have at least as many values. */
  shareData(other: Blob): void {
    const memory = other.dataMemory;
    if (this.#data === memory && memory.capacity >= this.#count) return;
    this.#data?.release();
    this.#data = memory.share();
    this.#dataView = EMPTY;
    this.#version++;
  }

  /** Uses the other blob's diff memory from now on. */
  shareDiff(other: Blob): void {
    const memory = other.diffMemory;
    if (this.#diff === memory && memory.capacity >= this.#count) return;
    this.#diff?.release();
    this.#diff = memory.share();
    this.#diffSource = undefined;
    this.#diffView = EMPTY;
    this.#version++;
  }

  /** Whether both blobs' data lie in the same memory. */
  sharesDataWith(other: Blob): boolean {
    return this.#data !== undefined && this.#data === other.#data;
  }

  /** Gives the memory back. The blob must not be used afterwards. */
  dispose(): void {
    this.#data?.release();
    this.#diff?.release();
    this.#data = undefined;
    this.#diff = undefined;
    this.#diffSource = undefined;
    this.#dataView = EMPTY;
    this.#diffView = EMPTY;
  }

  /** Whether a device took the values as they are. */
  #keepTensor(memory: SyncedMemory, values: BlobContent): boolean {
    const home = tensorMemoryOf(this.heap);
    if (!home || typeof values === "number" || !isTensor(values)) return false;
    home.keep(memory, values);
    return true;
  }

  #copyDiffSource(memory: SyncedMemory): void {
    const source = this.#diffSource;
    this.#diffSource = undefined;
    if (source && source.count === this.#count) memory.hostView(this.#count).set(source.data);
  }

  #bindData(memory: SyncedMemory): void {
    if (!memory.isOnHost) this.#version++;
    this.#dataView = memory.hostView(this.#count);
  }

  #bindDiff(memory: SyncedMemory): void {
    if (!memory.isOnHost) this.#version++;
    this.#diffView = memory.hostView(this.#count);
  }
}

function zero(memory: SyncedMemory): void {
  memory.hostView().fill(0);
  memory.isCleared = false;
}

function checkLength(values: BlobContent, shape: Shape, size: number): void {
  if (typeof values === "number") return;
  const length = isTensor(values) ? values.size : values.length;
  if (length === size) return;
  throw new NetDefinitionError(`${length} values do not fit a blob of shape ${shapeString(shape)}`);
}

function write(target: Float32Array, values: BlobContent): void {
  if (typeof values === "number") target.fill(values);
  else target.set(isTensor(values) ? values.dataSync() : values);
}

function checkShape(shape: Shape): void {
  if (shape.length > MAX_AXES) {
    throw new NetDefinitionError(`a blob has at most ${MAX_AXES} axes, not ${shape.length}`);
  }
  for (const size of shape) {
    if (!Number.isInteger(size) || size < 0) {
      throw new NetDefinitionError(`a blob cannot have the shape ${shape.join(" ")}`);
    }
  }
  if (count(shape) > INT_MAX) {
    throw new NetDefinitionError(`blob size exceeds INT_MAX: ${shapeString(shape)}`);
  }
}
