/** @file Whether a training fits into the memory that there is. */
import { readFileSync } from "node:fs";
import { freemem, totalmem } from "node:os";
import { HEAP_BYTES, mebi } from "../../core/heap.ts";
import { memoryProblem, requiredBytes } from "../../net/memory.ts";
import type { Net } from "../../net/net.ts";

/** What Node.js, the engine and the images under way take beside the net. */
const BESIDE_BYTES = 150 * 2 ** 20;

export interface MemoryAdvice {
  readonly bytes: number;
  /** Why the training cannot even begin. */
  readonly problem?: string | undefined;
  readonly notes: readonly string[];
}

/** @param available bytes that this machine could give to another process */
export function memoryAdvice(net: Net, available = availableBytes()): MemoryAdvice {
  const bytes = requiredBytes(net);
  const problem = memoryProblem(net, HEAP_BYTES);
  if (problem !== undefined || bytes + BESIDE_BYTES <= available)
    return { bytes, problem, notes: [] };
  return {
    bytes,
    notes: [
      `Training needs about ${mebi(bytes + BESIDE_BYTES)}, and this machine has ${mebi(available)} of ` +
        `${mebi(totalmem())} free: it may be slow, or be ended by the system. A smaller batch needs less.`,
    ],
  };
}

/** On Linux what the kernel would free is counted too. */
export function availableBytes(): number {
  try {
    const text = readFileSync("/proc/meminfo", "latin1");
    const kib = /^MemAvailable:\s*(\d+) kB$/m.exec(text)?.[1];
    return kib === undefined ? freemem() : Number(kib) * 1024;
  } catch {
    return freemem();
  }
}
