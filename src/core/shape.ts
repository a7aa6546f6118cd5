/** @file Shapes: sizes along the axes of a blob, and what Caffe computes from them. */

/** Sizes along each axis, outermost first; `[]` is a scalar with one value. */
export type Shape = readonly number[];

/** The most axes a blob may have (BVLC `kMaxBlobAxes`). */
export const MAX_AXES = 32;

/** Product of the sizes of axes `from` up to, not including, `to`. */
export function count(shape: Shape, from = 0, to = shape.length): number {
  let product = 1;
  for (let axis = from; axis < to; axis++) product *= shape[axis]!;
  return product;
}

/** An axis index with negatives counted from the end, or `undefined` if there is no such axis. */
export function canonicalAxis(shape: Shape, axis: number): number | undefined {
  if (axis < -shape.length || axis >= shape.length) return undefined;
  return axis < 0 ? axis + shape.length : axis;
}

/** `"96 3 11 11 (34848)"`, as Caffe writes shapes in logs and errors. */
export function shapeString(shape: Shape): string {
  return `${shape.map((size) => `${size} `).join("")}(${count(shape)})`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** Size along `axis` of a blob of at most four axes, 1 where it has fewer (num, channels, height, width). */
export function legacySize(shape: Shape, axis: number): number {
  return shape[axis < 0 ? axis + shape.length : axis] ?? 1;
}
