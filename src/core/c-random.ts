/**
 * @file `rand` of the GNU C library, which nobody seeds in Caffe: what `std::random_shuffle` draws from.
 * The recurrence is the additive feedback of its documentation, r[i] = r[i-3] + r[i-31].
 */

/** Draws in [0, 2^31), the same in every process. */
export interface CRandom {
  next(): number;
  /** Puts the values in the order that `std::random_shuffle` of libstdc++ would. */
  shuffle(values: Uint32Array): void;
  state(): CRandomState;
  /** @throws RangeError for anything but a saved state; nothing changes then */
  restore(state: CRandomState): void;
}

/** JSON. */
export interface CRandomState {
  readonly words: readonly number[];
  readonly next: number;
}

const SIZE = 31;
const LAG = 3;
/** Draws that the library throws away at the start. */
const WARM_UP = 310;

export function createCRandom(): CRandom {
  const words = firstWords();
  let at = LAG;

  function next(): number {
    const sum = words[at]! + words[(at + SIZE - LAG) % SIZE]!;
    words[at] = sum;
    at = (at + 1) % SIZE;
    return (sum >>> 1) & 0x7fffffff;
  }

  for (let i = 0; i < WARM_UP; i++) next();
  return {
    next,
    shuffle(values) {
      for (let i = 1; i < values.length; i++) {
        const other = next() % (i + 1);
        const value = values[i]!;
        values[i] = values[other]!;
        values[other] = value;
      }
    },
    state: () => ({ words: [...words], next: at }),
    restore(state) {
      checkState(state);
      words.set(state.words);
      at = state.next;
    },
  };
}

/** The minimal standard generator of Park and Miller, from the seed 1. */
function firstWords(): Uint32Array {
  const words = new Uint32Array(SIZE);
  words[0] = 1;
  for (let i = 1; i < SIZE; i++) words[i] = (16807 * words[i - 1]!) % 0x7fffffff;
  return words;
}

function checkState({ words, next }: CRandomState): void {
  const fits =
    Array.isArray(words) && words.length === SIZE && words.every((word) => word === word >>> 0);
  if (!fits || !Number.isInteger(next) || next < 0 || next >= SIZE) {
    throw new RangeError("this is not the saved state of the C library's random numbers");
  }
}
