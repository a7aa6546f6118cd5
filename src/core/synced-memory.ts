/** @file The memory of blobs: floats of the host, of a device, or both, and where the newest ones are. */
import { CaffeError } from "../errors.ts";
import type { Heap, Pointer } from "./heap.ts";

/** What a device keeps of a memory. It belongs to the memory, and is disposed of with it. */
export interface DeviceCopy {
  /** Writes the first `into.length` values of the device to the host. */
  download(into: Float32Array): Promise<void>;
  /** The same at once, on a device that lets the host wait. */
  downloadNow?(into: Float32Array): void;
  dispose(): void;
}

/** Where a memory's newest values are (BVLC SyncedMemory::SyncedHead). */
export type Newest = "host" | "device" | "both";

/**
 * Floats that one or several blobs use; freed with the last of them. On the host they get their place
 * when somebody looks at them first: what only a device uses takes no memory of the host.
 */
export class SyncedMemory {
  readonly heap: Heap;
  /** Floats that it holds. */
  readonly capacity: number;
  /** Whether the values count as 0 although other ones still lie there. */
  isCleared = false;
  newest: Newest = "host";
  /** Set by the device that uses the memory. */
  copy: DeviceCopy | undefined;
  #pointer: Pointer | undefined;
  #users = 1;

  constructor(heap: Heap, capacity: number) {
    this.heap = heap;
    this.capacity = capacity;
  }

  /** Whether the host has set memory aside; until then all values are 0. */
  get isOnHost(): boolean {
    return this.#pointer !== undefined;
  }

  /** The address on the host; what lies there may be older than what a device has. */
  get pointer(): Pointer {
    this.#pointer ??= this.heap.allocate(4 * this.capacity);
    return this.#pointer;
  }

  /** The first values as they lie on the host. */
  hostView(count = this.capacity): Float32Array {
    return this.heap.floats(this.pointer, count);
  }

  /**
   * Makes the host's values the newest, for who will read or write them there.
   * @throws CaffeError when a device has newer ones and the host cannot wait for them
   */
  claimForHost(): void {
    if (this.newest === "device" && !this.isCleared) {
      if (!this.copy?.downloadNow) throw stale();
      this.copy.downloadNow(this.hostView());
    }
    this.newest = "host";
  }

  /** Brings the newest values to the host, and keeps the device's as they are. */
  async bringToHost(): Promise<void> {
    if (this.newest !== "device" || this.isCleared) return;
    await this.copy!.download(this.hostView());
    this.newest = "both";
  }

  share(): SyncedMemory {
    this.#users++;
    return this;
  }

  release(): void {
    if (--this.#users > 0) return;
    if (this.#pointer !== undefined) this.heap.free(this.#pointer);
    this.copy?.dispose();
    this.copy = undefined;
  }
}

function stale(): CaffeError {
  return new CaffeError(
    "stale-blob",
    "the newest values of this blob are on the device; call `await blob.sync()` before reading them",
  );
}
