/** @file Random numbers that depend on a seed and the number of a record only, so that layers need not talk. */

/** The purposes that draw apart from each other: one layer may draw the values of its images, another not. */
export const streams = { move: 0, warp: 1, values: 2 } as const;

export type Stream = (typeof streams)[keyof typeof streams];

/** Draws from one stream of one record after the other. */
export interface Draws {
  start(seed: number, record: number, stream: Stream): void;
  uint32(): number;
  /** Uniform in [-limit, limit). */
  within(limit: number): number;
}

/** The finalizer of MurmurHash3: each bit of the result depends on each bit of the word. */
function mix(word: number): number {
  let h = word ^ (word >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** A mulberry32, its state hashed from seed, record and stream. */
export function createDraws(): Draws {
  let state = 0;
  function uint32(): number {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }
  return {
    start(seed, record, stream) {
      state = mix(seed + 0x9e3779b9);
      state = mix(state ^ record);
      state = mix(state ^ Math.floor(record / 2 ** 32));
      state = mix(state ^ stream);
    },
    uint32,
    within: (limit) => limit * (uint32() / 2 ** 31 - 1),
  };
}
