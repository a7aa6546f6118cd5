/** @file What an iteration moves between host and device, reckoned from a net's layers without running it. */
import type { SyncedMemory } from "../core/synced-memory.ts";
import type { PlannedLayer } from "./plan.ts";

/** Bytes that go over while a layer runs, forward and backward together. */
export interface LayerTransfers {
  bytesUp: number;
  bytesDown: number;
  /** Of `bytesUp`: what comes from layers without bottoms, and has to go up anyway. */
  bytesOfInputs: number;
}

/** A layer, and where it runs. */
export interface PlacedLayer {
  readonly planned: PlannedLayer;
  readonly isOnDevice: boolean;
}

/** Layers whose kernels look at no value of a bottom when they run forward. */
const BLIND = new Set(["Split", "Silence"]);

/**
 * Follows where the newest values are, as a memory and `HostStep` do: what nobody has written yet counts
 * for nothing, and what is on both sides goes over no more.
 * @param runsBackward whether the net trains
 */
export function reckonTransfers(
  layers: readonly PlacedLayer[],
  runsBackward: boolean,
): LayerTransfers[] {
  const newest = new Map<SyncedMemory, "host" | "device" | "both">();
  const costs = layers.map((): LayerTransfers => ({ bytesUp: 0, bytesDown: 0, bytesOfInputs: 0 }));
  const inputs = new Set<SyncedMemory>();
  const write = (memory: SyncedMemory, isOnDevice: boolean) =>
    void newest.set(memory, isOnDevice ? "device" : "host");

  function read(memory: SyncedMemory, isOnDevice: boolean, cost: LayerTransfers): void {
    if (newest.get(memory) !== (isOnDevice ? "host" : "device")) return;
    const bytes = 4 * memory.capacity;
    cost[isOnDevice ? "bytesUp" : "bytesDown"] += bytes;
    if (isOnDevice && inputs.has(memory)) cost.bytesOfInputs += bytes;
    newest.set(memory, "both");
  }

  layers.forEach(({ planned, isOnDevice }, i) => {
    const { layer, type, bottomBlobs, topBlobs, lossWeights } = planned;
    if (layer.onlyShares) return;
    const looked = BLIND.has(type) ? [] : type === "Crop" ? bottomBlobs.slice(0, 1) : bottomBlobs;
    for (const { dataMemory } of looked) read(dataMemory, isOnDevice, costs[i]!);
    if (type === "Split") return;
    for (const { dataMemory } of topBlobs) {
      write(dataMemory, isOnDevice);
      if (bottomBlobs.length === 0) inputs.add(dataMemory);
    }
    topBlobs.forEach((top, k) => {
      if (lossWeights[k]) write(top.diffMemory, isOnDevice);
    });
  });
  if (!runsBackward) return costs;
  for (let i = layers.length - 1; i >= 0; i--) {
    const { planned, isOnDevice } = layers[i]!;
    const { layer, bottomBlobs, topBlobs, propagateDown, needsBackward } = planned;
    if (!needsBackward) continue;
    if (layer.onlyShares) {
      const of = newest.get(topBlobs[0]!.diffMemory);
      if (of) newest.set(bottomBlobs[0]!.diffMemory, of);
      continue;
    }
    for (const { diffMemory } of topBlobs) read(diffMemory, isOnDevice, costs[i]!);
    if (!isOnDevice) {
      for (const { dataMemory } of [...topBlobs, ...bottomBlobs])
        read(dataMemory, false, costs[i]!);
    }
    bottomBlobs.forEach((bottom, k) => {
      if (propagateDown[k]) write(bottom.diffMemory, isOnDevice);
    });
  }
  return costs;
}

/** Memories that the device holds values or gradients of blobs in; each once. */
export function deviceMemories(
  layers: readonly PlacedLayer[],
  runsBackward: boolean,
): ReadonlySet<SyncedMemory> {
  const found = new Set<SyncedMemory>();
  for (const { planned, isOnDevice } of layers) {
    const { bottomBlobs, topBlobs, propagateDown, needsBackward, layer } = planned;
    if (!isOnDevice || layer.onlyShares) continue;
    for (const { dataMemory } of [...bottomBlobs, ...topBlobs]) found.add(dataMemory);
    if (!runsBackward || !needsBackward) continue;
    for (const { diffMemory } of topBlobs) found.add(diffMemory);
    bottomBlobs.forEach((bottom, k) => {
      if (propagateDown[k]) found.add(bottom.diffMemory);
    });
  }
  return found;
}
