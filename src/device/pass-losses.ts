/** @file The losses of a net's last passes, whether the host or a device computed them. */
import type { Blob } from "../core/blob.ts";
import type { Engine } from "../core/engine.ts";
import type { LossLog } from "./device.ts";

/** The sums of weighted losses of the last passes; a pass may have losses of the host and of a device. */
export class PassLosses {
  /** Passes that are remembered. */
  readonly size: number;
  readonly #engine: Engine;
  readonly #onDevice: LossLog | undefined;
  /** What the host added to each pass, in a ring. */
  readonly #onHost: Float64Array;
  #passes = 0;
  /** What was read last. */
  #read = new Float64Array(1);

  constructor(engine: Engine, onDevice: LossLog | undefined) {
    this.#engine = engine;
    this.#onDevice = onDevice;
    this.size = onDevice?.size ?? 1;
    this.#onHost = new Float64Array(this.size);
  }

  start(): void {
    this.#onHost[this.#passes % this.size] = 0;
    this.#passes++;
    this.#onDevice?.start();
  }

  /** Adds a loss that lies on the host, and fills the top's diff with its weight. */
  addFromHost(top: Blob, weight: number): void {
    const slot = (this.#passes - 1) % this.size;
    top.setDiff(weight);
    this.#onHost[slot]! +=
      top.count === 1
        ? Math.fround(weight * top.data[0]!)
        : this.#engine.dot(top.count, top.dataPointer, top.diffPointer);
  }

  /**
   * The losses of the last `count` passes, the oldest first. Who reads one in each iteration gets the same
   * array each time.
   */
  async read(count: number): Promise<Float64Array> {
    const fromDevice = await this.#onDevice?.read(count);
    if (this.#read.length !== count) this.#read = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const slot = (this.#passes - count + i) % this.size;
      this.#read[i] = this.#onHost[slot]! + (fromDevice?.[i] ?? 0);
    }
    return this.#read;
  }
}
