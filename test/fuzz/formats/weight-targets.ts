/** @file Where the weights of the seeds go. */
import { Blob } from "../../../src/core/blob.ts";
import { Heap } from "../../../src/core/heap.ts";

const heap = new Heap();

export const weightTargets: ReadonlyMap<string, readonly Blob[]> = new Map([
  ["conv", [new Blob(heap, [2, 3, 1, 1]), new Blob(heap, [2])]],
  ["ip", [new Blob(heap, [2, 3])]],
]);

export const historyTargets: readonly Blob[] = [new Blob(heap, [2, 3]), new Blob(heap, [2])];
