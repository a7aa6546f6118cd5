/** @file Copying a range of one axis between two blobs that differ only in that axis. */
import type { Engine } from "../../core/engine.ts";
import type { Pointer } from "../../core/heap.ts";

const FLOAT_BYTES = 4;

/**
 * Copies `rows` blocks of `width` floats.
 * @param fromStride floats from the start of one source block to the next; `toStride` likewise
 */
export function copyStrip(
  engine: Engine,
  rows: number,
  width: number,
  from: Pointer,
  fromStride: number,
  to: Pointer,
  toStride: number,
): void {
  if (fromStride === width && toStride === width) {
    engine.copy(rows * width, from, to);
    return;
  }
  for (let row = 0; row < rows; row++) {
    engine.copy(width, from + FLOAT_BYTES * row * fromStride, to + FLOAT_BYTES * row * toStride);
  }
}
