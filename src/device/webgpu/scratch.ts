/** @file Memory that kernels use between their tasks. */
import { SyncedMemory } from "../../core/synced-memory.ts";
import { bufferBytes } from "./buffers.ts";
import type { Gpu } from "./gpu.ts";

/** Gives memory for so many floats, or other words. */
export type Scratch = (count: number) => SyncedMemory;

/** Memories that are released together; they take no place on the host. */
export function scratchOf(gpu: Gpu): {
  readonly scratch: Scratch;
  /** How much they are. */
  bytes(): number;
  release(): void;
} {
  const memories: SyncedMemory[] = [];
  return {
    scratch(count) {
      const memory = new SyncedMemory(gpu.heap, count);
      memories.push(memory);
      return memory;
    },
    bytes: () => memories.reduce((sum, { capacity }) => sum + bufferBytes(capacity), 0),
    release() {
      for (const memory of memories.splice(0)) memory.release();
    },
  };
}

const shared = new WeakMap<Gpu, SyncedMemory>();

/**
 * Memory for what one task leaves to the next, of at least so many floats: all kernels of a GPU take turns
 * at it. It may grow later, so it is asked for at each run.
 */
export function sharedScratch(gpu: Gpu, count: number): () => SyncedMemory {
  const known = shared.get(gpu);
  if (!known || known.capacity < count) {
    known?.release();
    shared.set(gpu, new SyncedMemory(gpu.heap, count));
  }
  return () => shared.get(gpu)!;
}
