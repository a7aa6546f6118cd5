/** @file A layer that runs on the host in a net whose blobs live on a device. */
import type { Blob } from "../core/blob.ts";
import type { Layer } from "../core/layer.ts";
import type { SyncedMemory } from "../core/synced-memory.ts";

/** The layer with its blobs. */
export interface HostLayer {
  readonly layer: Layer;
  readonly bottomBlobs: readonly Blob[];
  readonly topBlobs: readonly Blob[];
  readonly propagateDown: readonly boolean[];
}

/**
 * Runs a layer's host code between device kernels: brings what it reads to the host, and notes what it
 * wrote. What it only read stays valid on the device too, so each blob goes over once at most.
 */
export class HostStep {
  readonly #planned: HostLayer;
  /** Whether values must be there before the layer runs; else it fetches them when it looks. */
  readonly #needsSync: boolean;
  /** Memories that are the same on host and device while the layer reads them. */
  readonly #shared: SyncedMemory[] = [];

  constructor(planned: HostLayer, needsSync: boolean) {
    this.#planned = planned;
    this.#needsSync = needsSync;
  }

  async forward(): Promise<void> {
    const { layer, bottomBlobs, topBlobs } = this.#planned;
    if (this.#passesValuesOn()) {
      layer.forward(bottomBlobs, topBlobs);
      return;
    }
    for (const blob of bottomBlobs) await this.#reads(blob.dataMemory);
    for (const blob of layer.blobs) await this.#reads(blob.dataMemory);
    if (bottomBlobs.length > 0) this.#overwritesTops();
    else await this.#readiesOwnTops();
    layer.forward(bottomBlobs, topBlobs);
    this.#keepsShared();
    if (bottomBlobs.length === 0) return;
    for (const { dataMemory } of topBlobs) wroteOnHost(dataMemory);
  }

  async backward(): Promise<void> {
    const { layer, bottomBlobs, topBlobs, propagateDown } = this.#planned;
    if (layer.onlyShares) {
      layer.backward?.(topBlobs, propagateDown, bottomBlobs);
      return;
    }
    for (const blob of topBlobs) await this.#reads(blob.diffMemory);
    if (!this.#passesValuesOn()) {
      for (const blob of topBlobs) await this.#reads(blob.dataMemory);
      for (const blob of bottomBlobs) await this.#reads(blob.dataMemory);
    }
    for (const blob of layer.blobs) {
      await this.#reads(blob.dataMemory);
      // Gradients are added to: what the device may have there counts.
      if (blob.hasDiff && this.#needsSync) await blob.diffMemory.bringToHost();
    }
    this.#overwritesBottomDiffs();
    layer.backward?.(topBlobs, propagateDown, bottomBlobs);
    this.#keepsShared();
    for (let i = 0; i < bottomBlobs.length; i++) {
      if (propagateDown[i]) wroteOnHost(bottomBlobs[i]!.diffMemory);
    }
  }

  /** Whether all tops are a bottom's memory under another name, as those of Split and Reshape are. */
  #passesValuesOn(): boolean {
    const { bottomBlobs, topBlobs } = this.#planned;
    for (const top of topBlobs) {
      if (!isAlias(top, bottomBlobs)) return false;
    }
    return topBlobs.length > 0;
  }

  /** Brings a memory to the host if need be, and remembers whether the device has the same values. */
  async #reads(memory: SyncedMemory): Promise<void> {
    if (memory.newest === "device" && this.#needsSync) await memory.bringToHost();
    if (memory.newest === "both") this.#shared.push(memory);
  }

  /** Looking at a blob on the host claims it, because it might be written to; a bottom is not. */
  #keepsShared(): void {
    for (const memory of this.#shared) memory.newest = "both";
    this.#shared.length = 0;
  }

  /** Tops are written whole: what the device has of them counts no more. */
  #overwritesTops(): void {
    const { topBlobs, bottomBlobs } = this.#planned;
    for (const top of topBlobs) {
      if (bottomBlobs.includes(top)) continue;
      if (top.dataMemory.newest === "device") top.dataMemory.newest = "host";
    }
  }

  /** The same for the gradients of bottoms; in place they are those of the tops, which count. */
  #overwritesBottomDiffs(): void {
    const { topBlobs, bottomBlobs, propagateDown } = this.#planned;
    for (let i = 0; i < bottomBlobs.length; i++) {
      const bottom = bottomBlobs[i]!;
      if (!propagateDown[i] || topBlobs.includes(bottom)) continue;
      if (bottom.diffMemory.newest === "device") bottom.diffMemory.newest = "host";
    }
  }

  /**
   * A layer without bottoms may write its tops, as data layers do, or leave them as they are, as Input
   * and Parameter do; what the device made of them in place counts then.
   */
  async #readiesOwnTops(): Promise<void> {
    const { layer, topBlobs } = this.#planned;
    for (const { dataMemory } of topBlobs) {
      if (dataMemory.newest !== "device") continue;
      if (layer.blobs.some((blob) => blob.dataMemory === dataMemory)) continue;
      if (layer.prepare) dataMemory.newest = "host";
      else if (this.#needsSync) await dataMemory.bringToHost();
    }
  }
}

/** What a layer wrote is the host's now, unless it left a tensor on the device (`Blob.set`). */
function wroteOnHost(memory: SyncedMemory): void {
  if (memory.newest === "both") memory.newest = "host";
}

/** Whether a top is another blob in the memory of a bottom; where it is the bottom, it is written. */
function isAlias(top: Blob, bottoms: readonly Blob[]): boolean {
  for (const bottom of bottoms) {
    if (bottom !== top && bottom.sharesDataWith(top)) return true;
  }
  return false;
}
