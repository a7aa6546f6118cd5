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
