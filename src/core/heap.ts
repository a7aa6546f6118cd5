/** @file The heap: one shared WebAssembly memory that holds every blob, and its allocator. */
import { CaffeError } from "../errors.ts";

/** A byte address in the heap. */
export type Pointer = number;

/** What is tried to reserve, in pages: 4 GiB, all that a wasm32 memory can address, then less. */
const SIZES_PAGES = [65_536, 32_768, 16_384, 8_192, 4_096];
const ALIGNMENT = 64; // a cache line, and enough for every SIMD width
/** The kernels' static data lies below this address. */
export const HEAP_BASE: Pointer = 1 << 20;

/** Bytes for blobs where the address space is to be had. */
export const HEAP_BYTES = SIZES_PAGES[0]! * 65_536 - HEAP_BASE;

/**
 * One shared `WebAssembly.Memory` with a first-fit allocator.
 *
 * Kernels, worker threads and TypeScript loops all see the same bytes. The address space is taken
 * whole at the start and becomes resident only where it is touched. It never grows: threads learn of
 * a grown memory late, and trap when they are handed an address that they do not know of yet.
 */
export class Heap {
  readonly memory: WebAssembly.Memory;
  /** Free blocks, sorted by address; neighbours are always merged. */
  readonly #free: { start: Pointer; bytes: number }[] = [];
  readonly #sizes = new Map<Pointer, number>();
  /** Bytes below this address were handed out before and are not known to be zero. */
  #dirtyBelow: Pointer = HEAP_BASE;
  #usedBytes = 0;
  #peakBytes = 0;

  /** @throws CaffeError when not even 256 MiB of address space are to be had */
  constructor() {
    this.memory = reserve();
    const end = this.memory.buffer.byteLength;
    this.#free.push({ start: HEAP_BASE, bytes: end - HEAP_BASE });
  }

  /** Bytes that there are in all for blobs. */
  get limitBytes(): number {
    return this.memory.buffer.byteLength - HEAP_BASE;
  }

  /** Bytes handed out now. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** The most bytes that were ever handed out at once. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  /**
   * Reserves `bytes` zeroed bytes, aligned to 64.
   * @throws CaffeError when the heap has no such block left; nothing is reserved then.
   */
  allocate(bytes: number): Pointer {
    const size = Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
    const index = this.#free.findIndex((block) => block.bytes >= size);
    if (index < 0) throw this.#full(size);
    const block = this.#free[index]!;
    const pointer = block.start;
    block.start += size;
    block.bytes -= size;
    if (block.bytes === 0) this.#free.splice(index, 1);
    this.#sizes.set(pointer, size);
    this.#usedBytes += size;
    this.#peakBytes = Math.max(this.#peakBytes, this.#usedBytes);
    this.#zero(pointer, size);
    return pointer;
  }

  /** Gives a block back; its views must not be used any more. */
  free(pointer: Pointer): void {
    const bytes = this.#sizes.get(pointer);
    if (bytes === undefined) throw new Error(`internal: ${pointer} is not an allocated block`);
    this.#sizes.delete(pointer);
    this.#usedBytes -= bytes;
    this.#release({ start: pointer, bytes });
  }

  /** A view of `count` floats at `pointer`; no copy. */
  floats(pointer: Pointer, count: number): Float32Array {
    return new Float32Array(this.memory.buffer, pointer, count);
  }

  /** A view of `count` 32-bit integers at `pointer`; no copy. */
  ints(pointer: Pointer, count: number): Int32Array {
    return new Int32Array(this.memory.buffer, pointer, count);
  }

  #full(bytes: number): CaffeError {
    return new CaffeError(
      "out-of-memory",
      `cannot reserve ${mebi(bytes)} more: ${mebi(this.#usedBytes)} are in use, and the CPU heap ` +
        `ends at ${mebi(this.limitBytes)}. Use a smaller batch or a smaller input.`,
    );
  }

  #release(block: { start: Pointer; bytes: number }): void {
    let low = 0;
    let high = this.#free.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#free[middle]!.start < block.start) low = middle + 1;
      else high = middle;
    }
    this.#free.splice(low, 0, block);
    this.#merge(low);
    if (low > 0) this.#merge(low - 1);
  }

  /** Joins the free block at `index` with the next one if they touch. */
  #merge(index: number): void {
    const block = this.#free[index]!;
    const next = this.#free[index + 1];
    if (!next || block.start + block.bytes !== next.start) return;
    block.bytes += next.bytes;
    this.#free.splice(index + 1, 1);
  }

  /** Fresh pages are zero already: touching them would make them resident for nothing. */
  #zero(pointer: Pointer, bytes: number): void {
    const end = pointer + bytes;
    const dirty = Math.min(end, this.#dirtyBelow);
    if (dirty > pointer) new Uint8Array(this.memory.buffer, pointer, dirty - pointer).fill(0);
    this.#dirtyBelow = Math.max(this.#dirtyBelow, end);
  }
}

/** `"24 MiB"`, rounded up. */
export function mebi(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}

function reserve(): WebAssembly.Memory {
  for (const pages of SIZES_PAGES) {
    try {
      return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    } catch {
      // A machine with little memory may refuse so much; the next smaller size is tried.
    }
  }
  throw new CaffeError("out-of-memory", "cannot reserve 256 MiB of address space for the CPU heap");
}
