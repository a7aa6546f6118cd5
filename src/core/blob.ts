/** @file Blob: an N-dimensional array of floats with its gradient, in the heap. */
import { NetDefinitionError } from "../errors.ts";
import type { Heap, Pointer } from "./heap.ts";
import { MAX_AXES, type Shape, count, sameShape, shapeString } from "./shape.ts";
import { type BlobContent, type Tensor, isTensor, tensorOf } from "./tensor.ts";

const INT_MAX = 2 ** 31 - 1;

/** A block of the heap that several blobs may share; freed with its last user. */
class Storage {
  readonly heap: Heap;
  readonly pointer: Pointer;
  /** Capacity in floats. */
  readonly capacity: number;
  /** Whether the values count as 0 although other ones still lie there. */
  isCleared = false;
  #users = 1;

  constructor(heap: Heap, capacity: number) {
    this.heap = heap;
    this.capacity = capacity;
    this.pointer = heap.allocate(4 * capacity);
  }

  share(): Storage {
    this.#users++;
    return this;
  }

  release(): void {
    if (--this.#users === 0) this.heap.free(this.pointer);
  }
}

const EMPTY = new Float32Array(0);

/**
 * An N-d float32 array with `data` and `diff`, in C order (the last axis varies fastest); images
 * are (N, C, H, W). Memory is reserved when it is first touched, zeroed, and never shrinks.
 */
export class Blob {
  readonly heap: Heap;
  #shape: Shape = [];
  #count = 1;
  #data: Storage | undefined;
  #diff: Storage | undefined;
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

  /** The values; a view, not a copy. Valid until the next reshape. */
  get data(): Float32Array {
    if (this.#dataView.length !== this.#count || !this.#data) this.#bindData();
    return this.#dataView;
  }

  /** The gradient; a view, not a copy. Valid until the next reshape or `clearParamDiffs`. */
  get diff(): Float32Array {
    if (this.#diffView.length !== this.#count || !this.#diff) this.#bindDiff();
    if (this.#diff!.isCleared) this.#zeroDiff();
    return this.#diffView;
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
    return this.#diff !== undefined;
  }

  /** Makes the gradient 0, without writing that before somebody looks at it. */
  clearDiff(): void {
    if (this.#diff) this.#diff.isCleared = true;
  }

  /**
   * For who writes the whole gradient next: whether it was cleared and holds something else yet. So
   * large gradients need neither be zeroed nor read before they are written.
   */
  takeClearedDiff(): boolean {
    if (!this.#diff?.isCleared || this.#diff.capacity < this.#count) return false;
    this.#diff.isCleared = false;
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
   * Writes all values from the host: `count` of them, or one number for all.
   * @throws NetDefinitionError when there are more or fewer values; nothing is written then.
   */
  set(values: BlobContent): void {
    write(this.data, values, this.#shape);
  }

  /** Writes the whole gradient, as `set` writes the values. */
  setDiff(values: BlobContent): void {
    write(this.diff, values, this.#shape);
  }

  /** Brings the newest values to the host. On the CPU they always are there. */
  async sync(): Promise<this> {
    return this;
  }

  /** A TensorFlow.js tensor of the same shape with a copy of `data`. */
  tensor(): Tensor {
    return tensorOf(this.data, this.#shape);
  }

  /** A TensorFlow.js tensor of the same shape with a copy of `diff`. */
  diffTensor(): Tensor {
    return tensorOf(this.diff, this.#shape);
  }

  /** Uses the other blob's data memory from now on; the other one must have at least as many values. */
  shareData(other: Blob): void {
    const view = other.data;
    if (this.#data === other.#data && view.length >= this.#count) return;
    this.#data?.release();
    this.#data = other.#data!.share();
    this.#dataView = EMPTY;
    this.#version++;
  }

  /** Uses the other blob's diff memory from now on. */
  shareDiff(other: Blob): void {
    const view = other.diff;
    if (this.#diff === other.#diff && view.length >= this.#count) return;
    this.#diff?.release();
    this.#diff = other.#diff!.share();
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
    this.#dataView = EMPTY;
    this.#diffView = EMPTY;
  }

  #bindData(): void {
    if (!this.#data || this.#data.capacity < this.#count) {
      this.#data?.release();
      this.#data = undefined; // for the case that there is no memory left
      this.#data = new Storage(this.heap, this.#count);
      this.#version++;
    }
    this.#dataView = this.heap.floats(this.#data.pointer, this.#count);
  }

  #zeroDiff(): void {
    this.heap.floats(this.#diff!.pointer, this.#diff!.capacity).fill(0);
    this.#diff!.isCleared = false;
  }

  #bindDiff(): void {
    if (!this.#diff || this.#diff.capacity < this.#count) {
      this.#diff?.release();
      this.#diff = undefined;
      this.#diff = new Storage(this.heap, this.#count);
      this.#version++;
    }
    this.#diffView = this.heap.floats(this.#diff.pointer, this.#count);
  }
}

function write(target: Float32Array, values: BlobContent, shape: Shape): void {
  if (typeof values === "number") {
    target.fill(values);
    return;
  }
  const numbers = isTensor(values) ? values.dataSync() : values;
  if (numbers.length !== target.length) {
    throw new NetDefinitionError(
      `${numbers.length} values do not fit a blob of shape ${shapeString(shape)}`,
    );
  }
  target.set(numbers);
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
