/** @file The base of Exp and Log. */
import type { LayerContext } from "../../core/layer.ts";

/** What a prototxt writes for e. */
const NATURAL = -1;

/** The natural logarithm of a base; 1 where the base is e. */
export function logOfBase(
  { fail }: LayerContext,
  base: number,
  field: "expParam.base" | "logParam.base",
): number {
  if (base === NATURAL) return 1;
  if (!(base > 0)) fail(`base must be strictly positive. It is ${base}; -1 stands for e.`, field);
  return Math.log(base);
}
