/** @file The losses of a training: read at once where the host computes, and when wanted from a device. */
import type { Net } from "../net/net.ts";
import { hasDiverged } from "./divergence.ts";
import { SmoothedLoss } from "./smoothed-loss.ts";

const { fround } = Math;
/** How often losses are read from a device for observers, in milliseconds. */
const READ_EVERY_MS = 250;

/**
 * Takes up the loss of each forward pass, iter_size of them an iteration. On a device losses are left
 * where they are until somebody wants to see them, so that nobody waits for the device.
 */
export class TrainingLosses {
  readonly #net: Net;
  readonly #iterSize: number;
  readonly #smoothed: SmoothedLoss;
  readonly #onDivergence: (loss: number, iter: number) => Promise<void>;
  #hasDiverged = false;
  #last = 0;
  /** Passes that are not read yet, and the iteration that the next one belongs to. */
  #unread = 0;
  #iter = 0;
  /** The sum over the passes of an iteration that are read. */
  #sum = 0;
  #summed = 0;
  #lastRead = 0;

  /** @param onDivergence called for the first loss that shows that the training has failed */
  constructor(
    net: Net,
    settings: { readonly iterSize: number; readonly averageLoss: number },
    onDivergence: (loss: number, iter: number) => Promise<void>,
  ) {
    this.#net = net;
    this.#iterSize = settings.iterSize;
    this.#smoothed = new SmoothedLoss(settings.averageLoss);
    this.#onDivergence = onDivergence;
  }

  /** The loss of the last iteration that was read, its mean over iter_size passes. */
  get last(): number {
    return this.#last;
  }

  /** The mean over the last average_loss iterations. */
  get smoothed(): number {
    return this.#smoothed.value;
  }

  /** Forgets all losses; the next one is that of iteration `iter`. */
  restart(iter: number): void {
    this.#smoothed.restart(iter);
    this.#iter = iter;
    this.#unread = 0;
    this.#sum = 0;
    this.#summed = 0;
  }

  /** Notes a forward pass, and reads its loss where that costs nothing. */
  async addPass(): Promise<void> {
    this.#unread++;
    if (!this.#net.device.remote || this.#unread >= this.#net.lossesKept) await this.read();
  }

  /** Reads what is new, if the last time is long enough ago for somebody who watches. */
  async readForWatchers(): Promise<void> {
    if (performance.now() - this.#lastRead >= READ_EVERY_MS) await this.read();
  }

  /** Reads all losses that are new. */
  async read(): Promise<void> {
    const count = this.#unread;
    if (count === 0) return;
    this.#unread = 0;
    this.#lastRead = performance.now();
    for (const loss of await this.#net.readLosses(count)) {
      if (!this.#hasDiverged && hasDiverged(loss)) {
        this.#hasDiverged = true;
        await this.#onDivergence(loss, this.#iter);
      }
      this.#take(loss);
    }
  }

  /** Takes up a pass of its own, whatever iter_size is. */
  addSingle(loss: number): void {
    this.#smoothed.add(loss, this.#iter);
  }

  #take(loss: number): void {
    this.#sum = fround(this.#sum + loss);
    if (++this.#summed < this.#iterSize) return;
    this.#last = fround(this.#sum / this.#iterSize);
    this.#smoothed.add(this.#last, this.#iter);
    this.#sum = 0;
    this.#summed = 0;
    this.#iter++;
  }
}
