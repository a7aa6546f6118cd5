/** @file What layers must be told after a restart, to go on as if there had been none. */
import type { NetLayer } from "./net-layer.ts";

/** Cursors, shuffled orders and the like by layer name; JSON. */
export function saveLayerStates(layers: readonly NetLayer[]): Record<string, unknown> {
  const states = layers.flatMap(({ name, layer }) =>
    layer.saveState ? [[name, layer.saveState()] as const] : [],
  );
  return Object.fromEntries(states);
}

/** Gives layers what `saveLayerStates` got from those of the same names. */
export async function restoreLayerStates(
  layers: readonly NetLayer[],
  states: Readonly<Record<string, unknown>>,
): Promise<void> {
  for (const { name, layer } of layers) {
    if (Object.hasOwn(states, name)) await layer.restoreState?.(states[name]);
  }
}
