/** @file What a fenced layer gets from its net: blobs and random numbers, fetched when they are touched. */
import type { Heap } from "../../../core/heap.ts";
import { Blob } from "../../../core/blob.ts";
import { type RandomSource, createRandom } from "../../../core/random.ts";
import type { BlobContent } from "../../../core/tensor.ts";
import { kinds } from "../frame.ts";
import {
  type Answer,
  type ArrayRef,
  type Ask,
  type Shapes,
  dataRef,
  diffRef,
  isDiff,
} from "../messages.ts";
import { randomBytesOf, randomStateOf } from "../random-bytes.ts";
import { readFrame, writeFrame } from "./pipe.ts";

/**
 * Asks the net's process and waits for its answer.
 * @throws Error with what the net's process has against it
 */
export function ask(
  question: Ask,
  numbers: readonly Uint8Array[] = [],
): { answer: Answer; numbers: Uint8Array<ArrayBuffer> } {
  writeFrame(kinds.ask, question, numbers);
  const frame = readFrame();
  if (!frame) throw new Error("the net's process has gone");
  const answer = JSON.parse(frame.json) as Answer;
  if (answer.problem !== undefined) throw new Error(answer.problem);
  return { answer, numbers: frame.numbers };
}

/** One of a blob's two arrays during one call. */
interface FetchedArray {
  /** Whether this process holds the newest values. */
  isHere: boolean;
  /** The values as they came from the net; absent where the layer wrote them all. */
  original: Uint8Array | undefined;
}

/** A blob whose values lie in the net's process until they are touched. */
export class FencedBlob extends Blob {
  readonly #index: number;
  readonly #arrays: [data: FetchedArray, diff: FetchedArray] = [absent(), absent()];
  /** Values that came with the order, not looked at yet. */
  readonly #sent: [data: Uint8Array | undefined, diff: Uint8Array | undefined] = [
    undefined,
    undefined,
  ];

  constructor(heap: Heap, index: number, shape: readonly number[]) {
    super(heap, shape);
    this.#index = index;
  }

  /** Begins a call: the shape is the net's, and so are all values. */
  begin(shape: readonly number[]): void {
    this.reshape(...shape);
    for (const which of [0, 1] as const) {
      this.#arrays[which] = absent();
      this.#sent[which] = undefined;
    }
  }

  receive(ref: ArrayRef, bytes: Uint8Array): void {
    this.#sent[isDiff(ref) ? 1 : 0] = bytes;
  }

  override get data(): Float32Array {
    this.#fetch(0);
    return super.data;
  }

  override get diff(): Float32Array {
    this.#fetch(1);
    return super.diff;
  }

  override set(values: BlobContent): void {
    this.#overwrite(0, values, () => super.set(values));
  }

  override setDiff(values: BlobContent): void {
    this.#overwrite(1, values, () => super.setDiff(values));
  }

  /** The arrays that the layer looked at, and those of them that it has changed. */
  end(): { read: ArrayRef[]; written: { ref: ArrayRef; bytes: Uint8Array }[] } {
    const read: ArrayRef[] = [];
    const written: { ref: ArrayRef; bytes: Uint8Array }[] = [];
    for (const which of [0, 1] as const) {
      const { isHere, original } = this.#arrays[which];
      if (!isHere) continue;
      const ref = which === 0 ? dataRef(this.#index) : diffRef(this.#index);
      if (original) read.push(ref);
      const bytes = bytesOf(which === 0 ? super.data : super.diff);
      if (!original || Buffer.compare(original, bytes) !== 0) written.push({ ref, bytes });
    }
    return { read, written };
  }

  #fetch(which: 0 | 1): void {
    const array = this.#arrays[which];
    if (array.isHere) return;
    array.isHere = true;
    const ref = which === 0 ? dataRef(this.#index) : diffRef(this.#index);
    const sent = this.#sent[which];
    const isFitting = sent?.byteLength === 4 * this.count;
    array.original = isFitting ? sent : ask({ ask: "array", ref, shape: this.shape }).numbers;
    bytesOf(which === 0 ? super.data : super.diff).set(array.original!);
  }

  /** What is written whole need not be fetched first. */
  #overwrite(which: 0 | 1, values: BlobContent, write: () => void): void {
    const isWhole = typeof values === "number" || lengthOf(values) === this.count;
    if (isWhole && !this.#arrays[which].isHere) {
      this.#arrays[which] = { isHere: true, original: undefined };
    }
    write();
  }
}

function absent(): FetchedArray {
  return { isHere: false, original: undefined };
}

function lengthOf(values: Exclude<BlobContent, number>): number {
  return "dataSync" in values ? values.size : values.length;
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** All blobs of a layer, in the order of their numbers. */
export class FencedBlobs {
  readonly heap: Heap;
  readonly all: FencedBlob[];

  constructor(heap: Heap, shapes: Shapes) {
    this.heap = heap;
    this.all = shapes.map((shape, index) => new FencedBlob(heap, index, shape));
  }

  begin(shapes: Shapes, sent: readonly ArrayRef[], numbers: Uint8Array): void {
    this.all.forEach((blob, index) => {
      blob.begin(shapes[index]!);
    });
    let at = 0;
    for (const ref of sent) {
      const blob = this.all[ref >> 1]!;
      blob.receive(ref, numbers.subarray(at, at + 4 * blob.count));
      at += 4 * blob.count;
    }
  }

  add(shape: readonly number[]): FencedBlob {
    const blob = new FencedBlob(this.heap, this.all.length, shape);
    this.all.push(blob);
    return blob;
  }
}

/** The net's random numbers: the state comes when the first is drawn, and goes back at the end. */
export class FencedRandom {
  readonly source: RandomSource;
  readonly #own = createRandom(0);
  #isHere = false;

  constructor() {
    const own = this.#own;
    const here = () => {
      this.#fetch();
      return own;
    };
    this.source = {
      uint32: () => here().uint32(),
      uniform: (min, max) => here().uniform(min, max),
      gaussian: (mean, std) => here().gaussian(mean, std),
      bernoulli: (p) => here().bernoulli(p),
      bernoulliMask: (p, value, mask) => here().bernoulliMask(p, value, mask),
      integer: (max) => here().integer(max),
      state: () => here().state(),
      restore: (state) => here().restore(state),
      skip: (draws, reached) => here().skip(draws, reached),
      settle: () => here().settle(),
      get epoch() {
        return here().epoch;
      },
    };
  }

  /** What goes back to the net; empty where nothing was drawn. */
  release(): Uint8Array[] {
    if (!this.#isHere) return [];
    this.#isHere = false;
    return [randomBytesOf(this.#own.state())];
  }

  #fetch(): void {
    if (this.#isHere) return;
    this.#own.restore(randomStateOf(ask({ ask: "random" }).numbers));
    this.#isHere = true;
  }
}
