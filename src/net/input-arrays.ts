/** @file Arrays for the MemoryData layers of a net. */
import { NetDefinitionError } from "../errors.ts";
import type { NetLayer } from "./net-layer.ts";

/**
 * Gives a layer its arrays. Those that are Float32Arrays are not copied.
 * @param name absent: the net's only layer that takes any
 */
export function setInputArrays(
  layers: readonly NetLayer[],
  data: ArrayLike<number>,
  labels: ArrayLike<number>,
  name: string | undefined,
): void {
  const takers = layers.filter(({ layer }) => layer.setInputArrays);
  const found = name === undefined ? takers : takers.filter((taker) => taker.name === name);
  const [taker] = found;
  if (!taker || found.length > 1) throw new NetDefinitionError(problem(takers, name));
  taker.layer.setInputArrays!(asFloats(data), asFloats(labels));
}

function problem(takers: readonly NetLayer[], name: string | undefined): string {
  const names = takers.map((taker) => `"${taker.name}"`).join(", ");
  const rule = "set_input_arrays may only be called if there is a MemoryData layer";
  if (takers.length === 0) return `${rule}; the net has none`;
  if (name === undefined) return `the net has several MemoryData layers: name one of ${names}`;
  return `${rule}; "${name}" is none, but ${names}`;
}

const asFloats = (values: ArrayLike<number>) =>
  values instanceof Float32Array ? values : Float32Array.from(values);
