/** @file Disposing of a net's layers. */
import type { Blob } from "../core/blob.ts";
import type { Layer } from "../core/layer.ts";

/**
 * Disposes of layers with their blobs and tops, of all of them even where a custom layer fails to.
 * @throws the first such failure, when the rest is done
 */
export function disposeLayers(
  layers: readonly { readonly layer: Layer; readonly topBlobs: readonly Blob[] }[],
): void {
  const failures: unknown[] = [];
  for (const { layer, topBlobs } of layers) {
    const blobs = [...layer.blobs, ...topBlobs];
    try {
      layer.dispose?.();
    } catch (error) {
      failures.push(error);
    }
    for (const blob of blobs) blob.dispose();
  }
  if (failures.length > 0) throw failures[0];
}
