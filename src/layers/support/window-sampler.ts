/** @file The windows of a batch, drawn at random. */
import type { RandomSource, RandomState } from "../../core/random.ts";
import type { Window, WindowList } from "../../data/index.ts";

/** A window that was drawn. */
export interface Sample {
  readonly window: Window;
  readonly isMirrored: boolean;
}

/** Draws the windows of one batch after the other. */
export class WindowSampler {
  readonly #list: WindowList;
  readonly #counts: { readonly background: number; readonly foreground: number };
  readonly #random: RandomSource;
  readonly #mirrors: boolean;

  constructor(
    list: WindowList,
    counts: { readonly background: number; readonly foreground: number },
    random: RandomSource,
    mirrors: boolean,
  ) {
    this.#list = list;
    this.#counts = counts;
    this.#random = random;
    this.#mirrors = mirrors;
  }

  /** The order of the draws is Caffe's: background first, and for each window which one, then whether it is flipped. */
  next(): Sample[] {
    const result: Sample[] = [];
    for (const kind of ["background", "foreground"] as const) {
      const table = this.#list[kind];
      for (let n = 0; n < this.#counts[kind]; n++) {
        const window = table.at(this.#random.uint32() % table.length);
        result.push({ window, isMirrored: this.#mirrors && this.#random.uint32() % 2 === 1 });
      }
    }
    return result;
  }

  state(): RandomState {
    return this.#random.state();
  }

  restore(state: RandomState): void {
    this.#random.restore(state);
  }
}
