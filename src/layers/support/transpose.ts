/** @file Copying an array into another order of its axes, in tiles that stay in the cache. */
import { type Shape, count } from "../../core/shape.ts";

/** How to read a source so that its values come in the order of the target. */
export interface Transposition {
  /** Sizes of the target, with neighbouring axes that stay together joined, and steps in the source. */
  readonly sizes: readonly number[];
  readonly steps: readonly number[];
  /** Index of each outer axis while copying. */
  readonly index: number[];
}

/** Values a side of a tile. */
const TILE = 32;

/** The transposition of an array of this shape whose new axis i is the old axis `order[i]`. */
export function transposition(shape: Shape, order: readonly number[]): Transposition {
  const sizes: number[] = [];
  const steps: number[] = [];
  order.forEach((axis, i) => {
    const step = count(shape, axis + 1);
    if (shape[axis] === 1) return;
    const last = sizes.length - 1;
    if (i > 0 && last >= 0 && steps[last] === step * shape[axis]!) {
      sizes[last]! *= shape[axis]!;
      steps[last] = step;
    } else {
      sizes.push(shape[axis]!);
      steps.push(step);
    }
  });
  while (sizes.length < 2) {
    sizes.unshift(1);
    steps.unshift(0);
  }
  return { sizes, steps, index: Array(sizes.length - 2).fill(0) };
}

/** y = x in the new order. */
export function transpose(
  { sizes, steps, index }: Transposition,
  x: Float32Array,
  y: Float32Array,
): void {
  if (y.length === 0) return;
  const outer = index.length;
  const [rows, columns] = [sizes[outer]!, sizes[outer + 1]!];
  const [rowStep, columnStep] = [steps[outer]!, steps[outer + 1]!];
  index.fill(0);
  for (let to = 0, from = 0; to < y.length; to += rows * columns) {
    copyPlane(x, from, rowStep, columnStep, y, to, rows, columns);
    for (let axis = outer - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++index[axis]! < sizes[axis]!) break;
      from -= sizes[axis]! * steps[axis]!;
      index[axis] = 0;
    }
  }
}

/** y[to + r columns + c] = x[from + r rowStep + c columnStep] */
function copyPlane(
  x: Float32Array,
  from: number,
  rowStep: number,
  columnStep: number,
  y: Float32Array,
  to: number,
  rows: number,
  columns: number,
): void {
  for (let top = 0; top < rows; top += TILE) {
    const bottom = Math.min(rows, top + TILE);
    for (let left = 0; left < columns; left += TILE) {
      const right = Math.min(columns, left + TILE);
      for (let r = top; r < bottom; r++) {
        let source = from + r * rowStep + left * columnStep;
        for (let target = to + r * columns + left; target < to + r * columns + right; target++) {
          y[target] = x[source]!;
          source += columnStep;
        }
      }
    }
  }
}
