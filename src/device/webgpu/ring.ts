/** @file The last numbers of a kind, in a ring on the GPU, so that nobody waits for each. */
import { SyncedMemory } from "../../core/synced-memory.ts";
import type { Gpu } from "./gpu.ts";

/** Numbers that are kept. */
export const RING_SIZE = 256;

/**
 * A ring of numbers. The first float is where the next one goes, so that kernels know their place
 * without being told anything.
 */
export interface Ring {
  readonly memory: SyncedMemory;
  /** The last `count` of the `total` numbers that kernels have put there, the oldest first. */
  read(count: number, total: number): Promise<Float32Array>;
}

export function createRing(gpu: Gpu): Ring {
  const memory = new SyncedMemory(gpu.heap, 1 + RING_SIZE);
  return {
    memory,
    async read(count, total) {
      await memory.bringToHost();
      const values = memory.hostView();
      return Float32Array.from(
        { length: count },
        (_, i) => values[1 + ((total - count + i) % RING_SIZE)]!,
      );
    },
  };
}
