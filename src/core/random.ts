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
  /** Draws `bernoulli(p)` for each element of `mask` and writes `value` where it is true, else 0. */
  bernoulliMask(p: number, value: number, mask: Float32Array): void;
  /** Uniform integer in [0, max]. */
  integer(max: number): number;
  /** Where the source stands, as JSON; `restore` goes on from there. */
  state(): RandomState;
  restore(state: RandomState): void;
  /**
   * Notes that the next `draws` raw draws are made by a device. They are made up for here when this source
   * is used again, which may never be.
   * @param reached where the device stands after all draws that were noted, for `settle`
   */
  skip(draws: number, reached?: () => Promise<RandomState>): void;
  /** Makes up for noted draws by asking the device, where it can be asked; a device may go on after that. */
  settle(): Promise<void>;
  /** Another number each time that this source went on by itself, so that a device's state is out of date. */
  readonly epoch: number;
}

/** The words of the generator and the index of the next one to hand out. */
export interface RandomState {
  readonly words: readonly number[];
  readonly next: number;
}

const SIZE = 624;
const OFFSET = 397;
const TWIST = 0x9908b0df | 0;

/**
 * A generator that draws what Caffe draws after `Caffe::set_random_seed(seed)`.
 * @param seed taken modulo 2^32; absent or -1: from the system's entropy
 */
export function createRandom(seed?: number): RandomSource {
  // Signed, because arithmetic on them is several times faster; a draw is the unsigned value.
  const words = new Int32Array(SIZE);
  seedWords(words, seed === undefined || seed === -1 ? randomBytes(4).readUInt32LE() : seed);
  let next = SIZE;
  let epoch = 0;
  // Draws that a device made; `next` is SIZE then, and this is where they began.
  let owed = 0;
  let begin = 0;
  let askDevice: (() => Promise<RandomState>) | undefined;

  function uint32(): number {
    if (next >= SIZE) goOn();
    return temper(words[next++]!) >>> 0;
  }

  /** Makes the next words, after what is owed. */
  function goOn(): void {
    makeUp();
    if (next < SIZE) return;
    refill(words);
    next = 0;
  }

  function makeUp(): void {
    if (owed === 0) return;
    for (next = begin + owed; next > SIZE; next -= SIZE) refill(words);
    owed = 0;
    epoch++;
  }

  function take(state: RandomState): void {
    checkState(state);
    words.set(state.words);
    next = state.next;
    owed = 0;
  }

  return {
    uint32,
    uniform: (min, max) => drawUniform(uint32, min, max),
    gaussian: (mean, std) => Math.fround(drawNormal(uint32) * Math.fround(std) + Math.fround(mean)),
    bernoulli: (p) => p !== 0 && Math.fround(uint32()) <= Math.fround(p) * 2 ** 32,
    bernoulliMask(p, value, mask) {
      if (p === 0) {
        mask.fill(0);
        return;
      }
      const largest = largestKept(p) | 0;
      const count = mask.length;
      for (let done = 0; done < count; ) {
        if (next >= SIZE) goOn();
        const length = Math.min(count - done, SIZE - next);
        const end = done + length;
        drawMask(words.subarray(next, next + length), largest, value, mask.subarray(done, end));
        next += length;
        done += length;
      }
    },
    integer: (max) => drawInteger(uint32, max),
    state() {
      makeUp();
      return { words: Array.from(words, (word) => word >>> 0), next };
    },
    restore(state) {
      take(state);
      epoch++;
    },
    skip(draws, reached) {
      if (draws === 0) return;
      if (owed === 0) begin = next;
      next = SIZE;
      owed += draws;
      askDevice = reached;
    },
    async settle() {
      if (owed > 0 && askDevice) take(await askDevice());
    },
    get epoch() {
      return epoch;
    },
  };
}

/** Knuth's recurrence, by which the reference implementation of mt19937 spreads a 32-bit seed. */
function seedWords(words: Int32Array, seed: number): void {
  words[0] = seed;
  for (let i = 1; i < SIZE; i++) {
    const previous = words[i - 1]!;
    words[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
  }
}

/**
 * mask[i] = value where draw i is at most `largest`, unsigned. The comparison is the borrow of a
 * subtraction: a branch would be mispredicted every other time.
 */
function drawMask(words: Int32Array, largest: number, value: number, mask: Float32Array): void {
  for (let i = 0; i < words.length; i++) {
    const draw = temper(words[i]!);
    const borrow = (~largest & draw) | (~(largest ^ draw) & (largest - draw));
    mask[i] = (1 + (borrow >> 31)) * value;
  }
}

/** The bits of a draw. */
function temper(word: number): number {
  let y = word ^ (word >>> 11);
  y ^= (y << 7) & 0x9d2c5680;
  y ^= (y << 15) & 0xefc60000;
  return y ^ (y >>> 18);
}

/** The recurrence that makes the next 624 words. */
function refill(words: Int32Array): void {
  const turn = SIZE - OFFSET;
  for (let i = 0; i < turn; i++) words[i] = words[i + OFFSET]! ^ twisted(words[i]!, words[i + 1]!);
  for (let i = turn; i < SIZE - 1; i++)
    words[i] = words[i - turn]! ^ twisted(words[i]!, words[i + 1]!);
  words[SIZE - 1] = words[OFFSET - 1]! ^ twisted(words[SIZE - 1]!, words[0]!);
}

function twisted(high: number, low: number): number {
  const y = (high & 0x80000000) | (low & 0x7fffffff);
  return (y >>> 1) ^ (((y << 31) >> 31) & TWIST);
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

/** The largest draw for which Bernoulli(p) is true: boost compares the draw as a float32 with p 2^32. */
export function largestKept(p: number): number {
  const limit = Math.fround(p) * 2 ** 32;
  let draw = Math.min(2 ** 32 - 1, Math.floor(limit));
  while (draw < 2 ** 32 - 1 && Math.fround(draw + 1) <= limit) draw++;
  return draw;
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
