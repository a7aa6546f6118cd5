/**
 * @file Winograd's transforms along one axis, by interpolation at 0, +-sqrt(1/2), +-sqrt(2) and infinity: six
 * values make four sums of three products each, or two of five. These points round about a third as coarsely
 * as the usual 0, +-1, +-2 (Barabasz et al. 2020 on the choice of points). `step` is in bytes.
 */
import { madd } from "./simd";

const NEAR: f32 = 0.7071067811865476;
const FAR: f32 = 1.4142135623730951;
/** One over the product of a point's distances to the others. */
const NEAR_WEIGHT: f32 = -0.6666666666666666;
const FAR_WEIGHT: f32 = 0.16666666666666666;

// @ts-ignore: decorator
@inline
function times(v: v128, factor: f32): v128 {
  return f32x4.mul(v, f32x4.splat(factor));
}

/** a + factor b */
// @ts-ignore: decorator
@inline
function plus(a: v128, b: v128, factor: f32): v128 {
  return madd(f32x4.splat(factor), b, a);
}

/** even + odd and even - odd, at `out` and one step after. */
// @ts-ignore: decorator
@inline
function storePair(even: v128, odd: v128, out: usize, step: usize): void {
  v128.store(out, f32x4.add(even, odd));
  v128.store(out + step, f32x4.sub(even, odd));
}

/** B^T d: six neighbouring pixels. */
// @ts-ignore: decorator
@inline
export function spreadPixels(
  d0: v128, d1: v128, d2: v128, d3: v128, d4: v128, d5: v128, out: usize, step: usize,
): void {
  v128.store(out, plus(f32x4.add(d0, d4), d2, -2.5));
  storePair(plus(d4, d2, -2), plus(times(d3, NEAR), d1, -FAR), out + step, step);
  storePair(plus(d4, d2, -0.5), plus(times(d3, FAR), d1, -NEAR), out + 3 * step, step);
  v128.store(out + 5 * step, plus(f32x4.add(d1, d5), d3, -2.5));
}

/** G w: up to five taps, of which `last` is the one that counts at infinity. */
// @ts-ignore: decorator
@inline
export function spreadTaps(
  w0: v128, w1: v128, w2: v128, w3: v128, w4: v128, last: v128, out: usize, step: usize,
): void {
  v128.store(out, w0);
  const near = plus(plus(w0, w2, 0.5), w4, 0.25), nearOdd = plus(w1, w3, 0.5);
  storePair(times(near, NEAR_WEIGHT), times(nearOdd, NEAR_WEIGHT * NEAR), out + step, step);
  const far = plus(plus(w0, w2, 2), w4, 4), farOdd = plus(w1, w3, 2);
  storePair(times(far, FAR_WEIGHT), times(farOdd, FAR_WEIGHT * FAR), out + 3 * step, step);
  v128.store(out + 5 * step, last);
}

/** A y: four pixels of a gradient; where there are two, y2 and y3 are 0 and `last` is y1. */
// @ts-ignore: decorator
@inline
export function spreadResult(
  y0: v128, y1: v128, y2: v128, y3: v128, last: v128, out: usize, step: usize,
): void {
  v128.store(out, y0);
  storePair(plus(y0, y2, 0.5), plus(times(y1, NEAR), y3, 0.5 * NEAR), out + step, step);
  storePair(plus(y0, y2, 2), plus(times(y1, FAR), y3, 2 * FAR), out + 3 * step, step);
  v128.store(out + 5 * step, last);
}

/** A^T m + start: four pixels of the result, or two, from six values `fromStep` apart. */
// @ts-ignore: decorator
@inline
export function gatherResult(
  size: i32, from: usize, fromStep: usize, start: v128, to: usize, toStep: usize,
): void {
  const m1 = v128.load(from + fromStep), m2 = v128.load(from + 2 * fromStep);
  const m3 = v128.load(from + 3 * fromStep), m4 = v128.load(from + 4 * fromStep);
  const near = f32x4.add(m1, m2), far = f32x4.add(m3, m4);
  const nearOdd = times(f32x4.sub(m1, m2), NEAR), farOdd = times(f32x4.sub(m3, m4), FAR);
  const last = v128.load(from + 5 * fromStep);
  v128.store(to, f32x4.add(f32x4.add(start, v128.load(from)), f32x4.add(near, far)));
  const second = f32x4.add(start, f32x4.add(nearOdd, farOdd));
  if (size == 2) {
    v128.store(to + toStep, f32x4.add(second, last));
    return;
  }
  v128.store(to + toStep, second);
  v128.store(to + 2 * toStep, plus(plus(start, near, 0.5), far, 2));
  v128.store(to + 3 * toStep, plus(plus(f32x4.add(start, last), nearOdd, 0.5), farOdd, 2));
}

/** G^T u: three taps or five from six values `fromStep` apart. */
// @ts-ignore: decorator
@inline
export function gatherTaps(taps: i32, from: usize, fromStep: usize, to: usize, toStep: usize): void {
  const u1 = v128.load(from + fromStep), u2 = v128.load(from + 2 * fromStep);
  const u3 = v128.load(from + 3 * fromStep), u4 = v128.load(from + 4 * fromStep);
  const near = times(f32x4.add(u1, u2), NEAR_WEIGHT), far = times(f32x4.add(u3, u4), FAR_WEIGHT);
  const nearOdd = times(f32x4.sub(u1, u2), NEAR_WEIGHT * NEAR);
  const farOdd = times(f32x4.sub(u3, u4), FAR_WEIGHT * FAR);
  const last = v128.load(from + 5 * fromStep);
  v128.store(to, f32x4.add(v128.load(from), f32x4.add(near, far)));
  v128.store(to + toStep, f32x4.add(nearOdd, farOdd));
  const third = plus(times(near, 0.5), far, 2);
  if (taps == 3) {
    v128.store(to + 2 * toStep, f32x4.add(third, last));
    return;
  }
  v128.store(to + 2 * toStep, third);
  v128.store(to + 3 * toStep, plus(times(nearOdd, 0.5), farOdd, 2));
  v128.store(to + 4 * toStep, plus(plus(last, near, 0.25), far, 4));
}
