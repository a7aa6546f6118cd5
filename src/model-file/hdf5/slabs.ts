/** @file Cutting an array into pieces that are read or written one after the other. */
import { type Shape, count } from "../../core/shape.ts";

/** A block of an array in C order whose values lie one behind the other. */
export interface Slab {
  /** First index along each axis. */
  readonly offset: Shape;
  /** Number of indices along each axis. */
  readonly shape: Shape;
  /** Number of the block's first value in the whole array. */
  readonly start: number;
}

/**
 * Pieces of at most `limit` values, in order.
 * @param rows pieces along the first axis hold a multiple of so many indices, where that many fit:
 *   a compressed chunk is then unpacked once
 */
export function* slabs(shape: Shape, limit: number, rows = 1): Generator<Slab> {
  if (count(shape) <= limit) {
    yield { offset: shape.map(() => 0), shape, start: 0 };
    return;
  }
  const [length = 0, ...inner] = shape;
  const rowSize = count(inner);
  const step = Math.max(1, Math.floor(limit / rowSize));
  const aligned = step < rows ? step : Math.floor(step / rows) * rows;
  for (let first = 0; first < length; first += aligned) {
    const number = Math.min(aligned, length - first);
    if (number * rowSize <= limit) {
      const rest = inner.map(() => 0);
      yield { offset: [first, ...rest], shape: [number, ...inner], start: first * rowSize };
    } else {
      for (let row = first; row < first + number; row++) {
        for (const slab of slabs(inner, limit)) {
          yield {
            offset: [row, ...slab.offset],
            shape: [1, ...slab.shape],
            start: row * rowSize + slab.start,
          };
        }
      }
    }
  }
}
