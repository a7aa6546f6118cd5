/** @file Random numbers as Caffe draws them. */

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
}
