/** @file The order in which the lines of a list are taken: as they stand, or shuffled for each epoch. */
import { type RandomSource, createRandom } from "../../core/random.ts";

/** Where an order stands; JSON. */
export interface OrderPosition {
  /** Index of the next place in the order. */
  readonly at: number;
  /** Seed of the shuffles, and how many there were. */
  readonly seed?: number | undefined;
  readonly shuffles?: number | undefined;
}

/** An endless walk over `length` lines. */
export class ShuffledOrder {
  readonly #order: Uint32Array | undefined;
  readonly #length: number;
  #seed: number | undefined;
  #random: RandomSource | undefined;
  #shuffles = 0;
  #at = 0;

  /** @param seed of the shuffles, one now and one at each end; absent: the lines come as they stand */
  constructor(length: number, seed?: number) {
    this.#length = length;
    if (seed === undefined) return;
    this.#order = new Uint32Array(length);
    this.#begin(seed);
  }

  /** The next line, counted from 0. */
  get line(): number {
    return this.#order ? this.#order[this.#at]! : this.#at;
  }

  advance(): void {
    this.#at++;
    if (this.#at < this.#length) return;
    this.#at = 0;
    if (this.#order) this.#shuffle(this.#order);
  }

  /** Goes on from place `at` of the order. */
  skipTo(at: number): void {
    this.#at = at;
  }

  position(): OrderPosition {
    return this.#order
      ? { at: this.#at, seed: this.#seed, shuffles: this.#shuffles }
      : { at: this.#at };
  }

  /** Shuffles again as often as had been shuffled. @returns whether there is such a position */
  moveTo({ at, seed, shuffles = 0 }: OrderPosition): boolean {
    if (!Number.isInteger(at) || at < 0 || at >= this.#length) return false;
    if (this.#order) {
      if (!Number.isInteger(seed) || !Number.isInteger(shuffles) || shuffles < 1) return false;
      this.#begin(seed!);
      while (this.#shuffles < shuffles) this.#shuffle(this.#order);
    }
    this.#at = at;
    return true;
  }

  #begin(seed: number): void {
    const order = this.#order!;
    for (let i = 0; i < order.length; i++) order[i] = i;
    this.#seed = seed;
    this.#random = createRandom(seed);
    this.#shuffles = 0;
    this.#shuffle(order);
  }

  /** Fisher-Yates from the end, on what the last shuffle left (BVLC util/rng.hpp). */
  #shuffle(order: Uint32Array): void {
    const random = this.#random!;
    for (let i = order.length - 1; i > 0; i--) {
      const j = random.integer(i);
      const line = order[i]!;
      order[i] = order[j]!;
      order[j] = line;
    }
    this.#shuffles++;
  }
}
