/** @file Arrays seen by index vectors, for references that follow a definition and not the memory. */
import type { RandomSource } from "../../src/core/random.ts";
import { type Shape, count } from "../../src/core/shape.ts";

export type Index = readonly number[];

/** All index vectors of a shape, in C order. */
export function* indicesOf(shape: Shape): Generator<Index> {
  const total = count(shape);
  for (let flat = 0; flat < total; flat++) {
    let rest = flat;
    const index = new Array<number>(shape.length);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    yield index;
  }
}

/** The place of an index vector in C order. */
export const placeOf = (shape: Shape, index: Index): number =>
  index.reduce((place, i, axis) => place * shape[axis]! + i, 0);

/** The values of f at all index vectors, in C order. */
export const tabulate = (shape: Shape, f: (index: Index) => number): number[] =>
  Array.from(indicesOf(shape), f);

/** Draws integers, choices and shapes. */
export function drawer(random: RandomSource) {
  const integer = (min: number, max: number) => min + random.integer(max - min);
  return {
    integer,
    chance: (p: number) => random.bernoulli(p),
    pick: <const T>(...choices: readonly T[]): T => choices[random.integer(choices.length - 1)]!,
    shape: (minAxes: number, maxAxes: number, largest = 4): number[] =>
      Array.from({ length: integer(minAxes, maxAxes) }, () => integer(1, largest)),
  };
}
