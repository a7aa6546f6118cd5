/** @file The loss that display lines show: a running mean over the last `average_loss` iterations. */

const { fround } = Math;

/**
 * The mean of the last `size` losses, in float32 and updated step by step as in BVLC
 * UpdateSmoothedLoss, so that printed digits agree.
 */
export class SmoothedLoss {
  readonly #size: number;
  readonly #losses: number[] = [];
  #start = 0;
  #value = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** The mean; 0 before the first loss. */
  get value(): number {
    return this.#value;
  }

  /** Forgets all losses; the next one is that of iteration `start`. */
  restart(start: number): void {
    this.#losses.length = 0;
    this.#start = start;
    this.#value = 0;
  }

  add(loss: number, iter: number): void {
    const losses = this.#losses;
    if (losses.length < this.#size) {
      losses.push(loss);
      const n = losses.length;
      this.#value = fround(fround(fround(this.#value * (n - 1)) + loss) / n);
      return;
    }
    const index = (iter - this.#start) % this.#size;
    this.#value = fround(this.#value + fround(fround(loss - losses[index]!) / this.#size));
    losses[index] = loss;
  }
}
