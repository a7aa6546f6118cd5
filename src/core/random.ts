/** @file Random numbers as Caffe draws them: one mt19937, and boost's distributions over it. */
import { randomBytes } from "node:crypto";
import { drawNormal } from "./normal.ts";

/** A seeded source of random numbers. */
export interface RandomSource {
  /** The next raw 32-bit draw. */
  uint32(): number;
  /** Uniform in [min, max], in float32 arithmetic. */
  uniform(min: number, max: number): number;
  gaussian(mean: number, std: number): number;
  bernoulli(p: number): boolean;
  /** Uniform integer in [0, max]. */
  integer(max: number): number;
  /** Where the source stands, as JSON; `restore` goes on from there. */
  state(): RandomState;
  restore(state: RandomState): void;
}

/** The words of the generator and the index of the next one to hand out. */
export interface RandomState {
  readonly words: readonly number[];
  readonly next: number;
}

const SIZE = 624;
const OFFSET = 397;
const TWIST = 0x9908b0df;

/**
 * A generator that draws what Caffe draws after `Caffe::set_random_seed(seed)`.
 * @param seed taken modulo 2^32; absent or -1: from the system's entropy
 */
export function createRandom(seed?: number): RandomSource {
  const words = new Uint32Array(SIZE);
  seedWords(words, seed === undefined || seed === -1 ? randomBytes(4).readUInt32LE() : seed);
  let next = SIZE;

  /** The tempered next word. */
  function uint32(): number {
    if (next >= SIZE) {
      refill(words);
      next = 0;
    }
    let y = words[next++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  }

  return {
    uint32,
    uniform: (min, max) => drawUniform(uint32, min, max),
    gaussian: (mean, std) => Math.fround(drawNormal(uint32) * Math.fround(std) + Math.fround(mean)),
    bernoulli: (p) => p !== 0 && Math.fround(uint32()) <= Math.fround(p) * 2 ** 32,
    integer: (max) => drawInteger(uint32, max),
    state: () => ({ words: [...words], next }),
    restore(state) {
      checkState(state);
      words.set(state.words);
      next = state.next;
    },
  };
}

/** Knuth's recurrence, by which the reference implementation of mt19937 spreads a 32-bit seed. */
function seedWords(words: Uint32Array, seed: number): void {
  words[0] = seed;
  for (let i = 1; i < SIZE; i++) {
    const previous = words[i - 1]!;
    words[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
  }
}

/** The recurrence that makes the next 624 words. */
function refill(words: Uint32Array): void {
  for (let i = 0; i < SIZE; i++) {
    const y = (words[i]! & 0x80000000) | (words[(i + 1) % SIZE]! & 0x7fffffff);
    words[i] = words[(i + OFFSET) % SIZE]! ^ (y >>> 1) ^ (y & 1 ? TWIST : 0);
  }
}

/**
 * Uniform in [min, max] (BVLC `caffe_rng_uniform`): boost's half-open draw up to the float after max.
 * The product with the span is exact in float64, so that the sum rounds once, as a fused multiply-add.
 */
function drawUniform(uint32: () => number, min: number, max: number): number {
  const low = Math.fround(min);
  const end = floatAfter(Math.fround(max));
  const span = Math.fround(end - low);
  for (;;) {
    const value = Math.fround((Math.fround(uint32()) / 2 ** 32) * span + low);
    if (value < end) return value;
  }
}

/** boost's `uniform_int`: the range of 32 bits in equal buckets, the rest rejected. */
function drawInteger(uint32: () => number, max: number): number {
  if (max === 0) return 0;
  const bucket = Math.floor(2 ** 32 / (max + 1));
  for (;;) {
    const value = Math.floor(uint32() / bucket);
    if (value <= max) return value;
  }
}

// One float and its bits: drawing millions of weights must not make garbage.
const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/** The next float32 towards +infinity (C's `nextafterf`). */
function floatAfter(value: number): number {
  float[0] = value;
  if (value === 0) bits[0] = 1;
  else bits[0]! += value > 0 ? 1 : -1;
  return float[0]!;
}

function checkState({ words, next }: RandomState): void {
  const fits =
    Array.isArray(words) && words.length === SIZE && words.every((word) => word === word >>> 0);
  if (!fits || !Number.isInteger(next) || next < 0 || next > SIZE) {
    throw new RangeError("this is not the saved state of a random number generator");
  }
}
