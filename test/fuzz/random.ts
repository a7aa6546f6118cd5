/** @file Random numbers that depend on nothing but a seed, so that every input can be made again. */

export interface Random {
  /** A natural number less than `limit`. */
  below(limit: number): number;
  /** Whether a thing happens that happens once in `n` times. */
  oneIn(n: number): boolean;
  pick<T>(items: readonly T[]): T;
}

/** @param key any text: a run's seed, a format and the number of an input */
export function randomFrom(key: string): Random {
  let state = hash(key);
  // SplitMix32: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  const below = (limit: number) => Math.floor((next() / 2 ** 32) * limit);
  return {
    below,
    oneIn: (n) => below(n) === 0,
    pick: (items) => items[below(items.length)]!,
  };
}

/** FNV-1a, 32 bits. */
function hash(key: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) value = Math.imul(value ^ key.charCodeAt(i), 0x01000193);
  return value;
}
